/* The high-water marks of the entry stacks: exactly as deep as the deepest word that was written. */
#include "arch/x86_64/entry/watermark.h"

#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/fred.h"
#include "arch/x86_64/entry/interrupt.h"
#include "lib/error.h"
#include "tests/support/eventually.h"
#include "tests/test.h"

static volatile uint32_t arrived;
static volatile uint64_t *volatile word; /* of the interrupt stack; the handler exchanges it */
static volatile uint64_t value;

static void interrupt_write(struct trap_frame *frame maybe_unused)
{
    uint64_t old = *word;
    *word = value;
    value = old;
    arrived = arrived + 1;
}

/* Exchanges `value` and the word that many bytes below the stack's top. */
static void deep_exchange(size_t depth)
{
    uint32_t before = arrived;
    word = (volatile uint64_t *)(entry_stack_top(cpu_number(), fred_stack_kind(ENTRY_INTERRUPT)) -
                                 depth);
    lapic_send_self(VECTOR_TEST);
    test_eventually_spinning(arrived != before, "the interrupt does not come");
}

static size_t interrupt_mark(void)
{
    struct watermark mark = {0};
    test_check(watermark_read(fred_is_active() ? FRED_LEVEL_INTERRUPT : ENTRY_INTERRUPT, &mark));
    return mark.bytes;
}

TEST(MRK0001, "the mark of the interrupt stack is as deep as the deepest word that was written",
     ALWAYS)
{
    static const size_t depths[] = {ENTRY_AREA_BYTES - 256, ENTRY_AREA_BYTES - 8, ENTRY_AREA_BYTES};
    struct watermark mark;
    test_check(!watermark_read(0, &mark));
    test_check(!watermark_read(fred_is_active() ? FRED_LEVELS : ENTRY_KINDS, &mark));
    int error = interrupt_register(VECTOR_TEST, interrupt_write, "test");
    test_equal(error, OK);
    if (error != OK) {
        return;
    }
    preempt_disable();
    size_t before = interrupt_mark();
    test_check(before != 0 && before < depths[0]);
    for (unsigned i = 0; i < array_length(depths); i++) {
        value = i;
        deep_exchange(depths[i]);
        test_equal(interrupt_mark(), depths[i]);
        deep_exchange(depths[i]); /* as it was, so that the marks of this machine stay true */
        test_equal(interrupt_mark(), before);
    }
    preempt_enable();
    interrupt_unregister(VECTOR_TEST);
}
