/*
 * Text on its way to the devices: what cannot wait for the serial line is shown later, by a thread,
 * in order. A screen of the test's own shows what has come out.
 */
#include "arch/x86_64/apic/lapic.h"
#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/percpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "arch/x86_64/entry/interrupt.h"
#include "arch/x86_64/entry/vectors.h"
#include "kernel/console/console.h"
#include "kernel/console/console_output.h"
#include "kernel/console/console_output_test_hooks.h"
#include "kernel/console/log_ring.h"
#include "lib/error.h"
#include "lib/string.h"
#include "tests/support/eventually.h"

#define COLUMNS 120
#define ROWS    24

static struct screen seen_screen;

static void seen_draw(unsigned column maybe_unused, unsigned row maybe_unused,
                      struct screen_cell cell maybe_unused, bool cursor maybe_unused)
{
}

static bool row_has(unsigned row, const char *text)
{
    size_t length = strlen(text);
    const struct screen_cell *cells = seen_screen.cells[(seen_screen.first_row + row) % ROWS];
    for (unsigned from = 0; from + length <= COLUMNS; from++) {
        size_t same = 0;
        while (same < length && cells[from + same].character == (uint8_t)text[same]) {
            same++;
        }
        if (same == length) {
            return true;
        }
    }
    return false;
}

/* Returns the number of the screen's row that has `text`, or ROWS. */
static unsigned row_of(const char *text)
{
    unsigned row = 0;
    while (row < ROWS && !row_has(row, text)) {
        row++;
    }
    return row;
}

static unsigned rows_with(const char *text)
{
    unsigned rows = 0;
    for (unsigned row = 0; row < ROWS; row++) {
        rows += row_has(row, text);
    }
    return rows;
}

static struct screen *screen_begin(void)
{
    screen_init(&seen_screen, COLUMNS, ROWS, seen_draw);
    return console_screen_attach(&seen_screen);
}

static bool is_pending(void)
{
    return output_ring_taken(&console_ring) != output_ring_written(&console_ring);
}

static void all_is_shown(void)
{
    test_eventually(!console_output_waits(), "text is still not shown");
}

/*
 * Logs a line in a way in which no CPU may show it at once. Other CPUs are held back: one of them might show it before it
 * is counted. A CPU that is alone need not be, and shows it at once if the kernel is wrong.
 */
static void pending_check(const char *line)
{
    bool others = cpu_online_count() > 1;
    if (others) {
        console_output_hold();
    }
    log_info("%s", line);
    bool pending = is_pending();
    if (others) {
        console_output_release();
    }
    test_check(pending);
}

TEST(CON0030, "a line logged with interrupts or preemption off is shown afterwards, by a thread",
     ALWAYS)
{
    console_flush();
    uint64_t flags = interrupts_save();
    pending_check("CON0030: interrupts off");
    interrupts_restore(flags);
    all_is_shown();

    preempt_disable();
    pending_check("CON0030: preemption off");
    preempt_enable();
    all_is_shown();
}

static bool interrupt_pending;

static void logging_interrupt(struct trap_frame *frame maybe_unused)
{
    console_output_hold();
    log_info("CON0031: second");
    __atomic_store_n(&interrupt_pending, is_pending(), __ATOMIC_RELEASE);
    console_output_release();
}

TEST(CON0031, "lines of interrupts, of code with interrupts off and of threads keep their order",
     ALWAYS)
{
    struct screen *last = screen_begin();
    test_equal(interrupt_register(VECTOR_TEST, logging_interrupt, "test"), OK);
    uint64_t flags = interrupts_save();
    log_info("CON0031: first");
    lapic_send_self(VECTOR_TEST);
    interrupts_restore(flags);
    test_eventually(__atomic_load_n(&interrupt_pending, __ATOMIC_ACQUIRE), "no line is pending");
    log_info("CON0031: third");
    /* A thread's own line is shown when log_info() returns, and so are all before it. */
    unsigned first = row_of("CON0031: first"), second = row_of("CON0031: second");
    unsigned third = row_of("CON0031: third");
    ignore_result(console_screen_attach(last));
    interrupt_unregister(VECTOR_TEST);
    test_check(first < second);
    test_check(second < third);
    test_check(third < ROWS);
}

TEST(CON0032, "text for which the ring has no room is counted, and a notice says so in its place",
     ALWAYS)
{
    enum { TEXTS = 20, ROOM = 256 };
    struct screen *last = screen_begin();
    console_flush();
    uint64_t flags = interrupts_save();
    console_output_hold(); /* another CPU would make room meanwhile, and each time add a notice */
    console_ring.room = ROOM;
    for (unsigned i = 0; i < TEXTS; i++) {
        console_print("# CON0032: some text %2u\n", i);
    }
    uint32_t lost = console_ring.lost;
    console_output_release();
    interrupts_restore(flags);
    all_is_shown();
    console_print("# CON0032: after\n");
    console_ring.room = OUTPUT_RING_BYTES;
    unsigned kept = rows_with("# CON0032: some text");
    unsigned notice = row_of("texts lost here"), after = row_of("# CON0032: after");
    ignore_result(console_screen_attach(last));
    test_equal(kept + lost, TEXTS);
    test_check(kept >= ROOM / 32);
    test_check(notice < after);
    test_check(after < ROWS);
    test_equal(console_ring.lost, 0);
}

TEST(PAN0080, "what was logged with interrupts off before a panic stands before its words", DEATH)
{
    interrupts_disable();
    log_info("logged before the panic");
    panic("after the line");
}
