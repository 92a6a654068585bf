/* The forms of patch sites, byte by byte (SDM volume 2: CLI, TEST, CALL, JMP, NOP). */
#include "arch/x86_64/cpu/patch_site.h"

#include "arch/x86_64/cpu/panic.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/string.h"

bool handoff_wanted;

#define OPCODE_CALL 0xe8
#define OPCODE_JUMP 0xe9

/* test [rsp + offset], al: reads one byte and changes only flags. */
/* clang-format off */
#define TOUCH(offset)                                                                              \
    {0x84, 0x84, 0x24,                                                                             \
     (offset) & 0xff, (offset) >> 8 & 0xff, (offset) >> 16 & 0xff, (offset) >> 24 & 0xff}
/* clang-format on */
static const uint8_t touch[] = TOUCH(0U - SITE_TOUCH_BYTES);
/* The touch in stack_touch.asm: there a return address lies on the stack as well. */
static const uint8_t touch_below[] = TOUCH(8U - SITE_TOUCH_BYTES);

extern char __text_start[], __text_end[];
extern char site_interrupts_check[], site_preemption_check[], site_preemption_touch[];

static void relative_encode(uint8_t *bytes, uint8_t opcode, uintptr_t at, uintptr_t target)
{
    uint32_t distance = (uint32_t)(target - (at + SITE_JUMP_BYTES));
    bytes[0] = opcode;
    memcpy(&bytes[1], &distance, sizeof(distance));
}

static unsigned interrupts_encode(const struct patch_site *site, enum site_form form,
                                  uint8_t *bytes)
{
    memset(bytes, 0x3e, SITE_INTERRUPTS_BYTES);
    bytes[SITE_INTERRUPTS_BYTES - 1] = 0xfa;
    if (form == SITE_TOUCH) {
        memcpy(bytes, touch, sizeof(touch));
    } else if (form == SITE_CHECK) {
        relative_encode(bytes, OPCODE_CALL, site->address, (uintptr_t)site_interrupts_check);
    }
    return SITE_INTERRUPTS_BYTES;
}

static unsigned preemption_encode(const struct patch_site *site, enum site_form form,
                                  uint8_t *bytes)
{
    if (form == SITE_PLAIN) {
        uint32_t counter = (uint32_t)(uintptr_t)&preempt_count;
        static const uint8_t add[] = {0x65, 0x83, 0x04, 0x25, 0, 0, 0, 0, 1};
        memcpy(bytes, add, sizeof(add));
        memcpy(&bytes[4], &counter, sizeof(counter));
    } else {
        static const uint8_t nop[] = {0x0f, 0x1f, 0x40, 0x00};
        relative_encode(bytes, OPCODE_CALL, site->address,
                        form == SITE_TOUCH ? (uintptr_t)site_preemption_touch
                                           : (uintptr_t)site_preemption_check);
        memcpy(&bytes[SITE_JUMP_BYTES], nop, sizeof(nop));
    }
    return SITE_PREEMPTION_BYTES;
}

/* STAC, CLAC or NOP (SDM volume 2). */
static unsigned smap_encode(const struct patch_site *site, enum site_form form, uint8_t *bytes)
{
    static const uint8_t nop[] = {0x0f, 0x1f, 0x00}, stac[] = {0x0f, 0x01, 0xcb},
                         clac[] = {0x0f, 0x01, 0xca};
    const uint8_t *wanted = form != SITE_SMAP                   ? nop
                            : site->kind == SITE_KIND_SMAP_OPEN ? stac
                                                                : clac;
    memcpy(bytes, wanted, SITE_SMAP_BYTES);
    return SITE_SMAP_BYTES;
}

unsigned site_encode(const struct patch_site *site, enum site_form form, uint8_t *bytes)
{
    if (site->kind == SITE_KIND_INTERRUPTS) {
        return interrupts_encode(site, form, bytes);
    }
    if (site->kind == SITE_KIND_PREEMPTION) {
        return preemption_encode(site, form, bytes);
    }
    if (site->kind == SITE_KIND_SMAP_OPEN || site->kind == SITE_KIND_SMAP_CLOSE) {
        return smap_encode(site, form, bytes);
    }
    if (form != SITE_JUMP) {
        return 0;
    }
    relative_encode(bytes, OPCODE_JUMP, site->address, site->target);
    return SITE_JUMP_BYTES;
}

bool site_is(const struct patch_site *site, enum site_form form)
{
    uint8_t bytes[SITE_BYTES_MAX];
    unsigned count = site_encode(site, form, bytes);
    return count != 0 && memcmp((const void *)site->address, bytes, count) == 0;
}

void site_write(const struct patch_site *site, enum site_form form)
{
    uint8_t bytes[SITE_BYTES_MAX];
    unsigned count = site_encode(site, form, bytes);
    if (site->kind <= SITE_KIND_PREEMPTION && !site_is(site, SITE_PLAIN)) {
        panic("the patch site at %p does not hold the bytes that patch_site.h compiles: look at "
              "the listing there",
              (void *)site->address);
    }
    memcpy((void *)site->address, bytes, count);
}

bool site_touch_at(uintptr_t rip, unsigned *bytes)
{
    *bytes = sizeof(touch);
    return rip >= (uintptr_t)__text_start && rip < (uintptr_t)__text_end - sizeof(touch) &&
           (memcmp((const void *)rip, touch, sizeof(touch)) == 0 ||
            memcmp((const void *)rip, touch_below, sizeof(touch_below)) == 0);
}

#ifdef INVARIANT
static bool whole_unknown(uintptr_t address maybe_unused)
{
    return true; /* until mm registers its own: the boot stack */
}

bool (*site_stack_is_whole)(uintptr_t address) = whole_unknown;
bool (*site_stack_is_ready)(uintptr_t stack_pointer) = whole_unknown;

void site_ready_check(bool both_on, const void *frame)
{
    if (both_on && !site_stack_is_ready((uintptr_t)frame)) {
        panic("rule 5 of the sites where interrupts or preemption go off is broken: both were on, "
              "and the stack is not backed a page below %p",
              frame);
    }
}

bool site_rule_check(unsigned rule)
{
    bool on = interrupts_enabled() && this_cpu(preempt_count) == 0;
    static const char *const claims[SITE_RULES] = {
        [SITE_RULE_KERNEL_THREAD] = "only threads with whole stacks get here",
        [SITE_RULE_WHOLE_STACK] = "the stack in use is whole",
        [SITE_RULE_OFF_ALREADY] = "interrupts or preemption are off already",
        [SITE_RULE_BOTH_ON] = "interrupts and preemption are on",
    };
    bool holds = true;
    if (rule == SITE_RULE_OFF_ALREADY) {
        holds = !on;
    } else if (rule == SITE_RULE_BOTH_ON) {
        holds = on;
    } else if (rule != SITE_RULE_EITHER) {
        holds = site_stack_is_whole((uintptr_t)__builtin_frame_address(0));
    }
    if (!holds) {
        panic("rule %u of the sites where interrupts or preemption go off is broken: here it is "
              "not so that %s (patch_site.h); interrupts are %s, the preemption count is %u",
              rule, claims[rule], interrupts_enabled() ? "on" : "off", this_cpu(preempt_count));
    }
    return on;
}
#endif
