/* The stack for frames made by hand, and ERETS for CPUs without it. One test at a time. */
#include "tests/support/fred_by_hand.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/entry/descriptors.h"
#include "arch/x86_64/entry/entry.h"
#include "lib/string.h"
#include "tests/test.h"

#define VECTOR_INVALID_OPCODE 6

void fred_by_hand_enter(const struct fred_frame *frame, uintptr_t stack, uint64_t *registers);

static uint8_t stack[4 * ENTRY_AREA_BYTES] aligned_to(FRED_FRAME_BYTES);
static unsigned returns;

uintptr_t fred_by_hand_stack_top(void)
{
    return (uintptr_t)stack + sizeof(stack);
}

/*
 * SDM: ERETS skips the error code, takes RIP, CS, RFLAGS, RSP and SS, and raises #GP if a selector
 * is not the present one. Some emulators execute its bytes as CLAC; then the UD2 after them raises
 * #UD.
 */
static bool erets_do(struct trap_frame *frame)
{
    static const uint8_t erets[] = {0xf2, 0x0f, 0x01, 0xca}, ud2[] = {0x0f, 0x0b};
    const uint8_t *code = (const uint8_t *)frame->rip;

    if (memcmp(code, ud2, sizeof(ud2)) == 0) {
        code -= sizeof(erets);
    }
    if (memcmp(code, erets, sizeof(erets)) != 0) {
        return false;
    }
    const struct fred_frame *pushed = (const struct fred_frame *)frame->rsp;
    test_equal(pushed->cs & 0xffff, SELECTOR_KERNEL_CODE);
    test_equal(pushed->ss & 0xffff, SELECTOR_KERNEL_DATA);
    frame->rip = pushed->rip;
    frame->rflags = pushed->rflags;
    frame->rsp = pushed->rsp;
    returns++;
    return true;
}

unsigned fred_by_hand(const struct fred_frame *frame, uint64_t *registers)
{
    returns = 0;
    exception_handler old = exception_handler_set(VECTOR_INVALID_OPCODE, erets_do);
    fred_by_hand_enter(frame, fred_by_hand_stack_top(), registers);
    exception_handler_set(VECTOR_INVALID_OPCODE, old);
    return returns;
}

struct fred_frame fred_by_hand_frame(unsigned type, unsigned vector, uint64_t data)
{
    return (struct fred_frame){
        .cs = SELECTOR_KERNEL_CODE,
        .rflags = 2,
        .ss = SELECTOR_KERNEL_DATA | (uint64_t)vector << FRED_SS_VECTOR_SHIFT |
              (uint64_t)type << FRED_SS_TYPE_SHIFT,
        .data = data,
    };
}
