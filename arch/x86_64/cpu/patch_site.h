/*
 * Text sites: instructions that one mode of the kernel replaces at boot by others. The linker
 * collects a record of each. What a mode does not replace stays what it would be without it: the
 * same number of instructions, so a site costs nothing where it is not used.
 *
 * Two kinds stand where thread code turns interrupts or preemption off. They are there for stacks
 * that are filled in advance (mm/stack_modes/stack_prefault.h), after the rules of OSv's lazy
 * stacks; each place says by which of the five:
 *
 *   KERNEL_THREAD  1  only threads whose stacks are whole get here               nothing to do
 *   WHOLE_STACK    2  the stack in use is whole: a boot or entry stack, or such a thread's  nothing
 *   OFF_ALREADY    3  one of the two is off by now                               nothing to do
 *   BOTH_ON        4  both are on: thread code, outside of any section           touch the stack
 *   EITHER         5  that depends on the caller                                 look, then touch
 *
 * Turning interrupts off is CLI; the place is made eight bytes long by seven DS prefixes, which
 * mean nothing in 64-bit mode (SDM volume 1, 3.3.7.1), so that a touch of the stack (seven bytes)
 * and a CLI fit, or a call and a CLI. Turning preemption off is one ADD of nine bytes, which a call
 * replaces. The other kinds replace the beginning of a function by a jump to another.
 *
 * Written once, on CPU 0, while the boot loader's view of the text is still writable: before the
 * kernel's own tables are loaded, and long before another CPU runs.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

#define SITE_KIND_INTERRUPTS 0 /* turns interrupts off */
#define SITE_KIND_PREEMPTION 1 /* turns preemption off */
/* Jumps, each there for the mode of its name. */
#define SITE_KIND_LEND         2
#define SITE_KIND_LEND_BATCHED 3
#define SITE_KINDS             4

#define SITE_RULE_KERNEL_THREAD 1
#define SITE_RULE_WHOLE_STACK   2
#define SITE_RULE_OFF_ALREADY   3
#define SITE_RULE_BOTH_ON       4
#define SITE_RULE_EITHER        5
#define SITE_RULES              6

#define SITE_INTERRUPTS_BYTES 8
#define SITE_PREEMPTION_BYTES 9
#define SITE_JUMP_BYTES       5
#define SITE_BYTES_MAX        9

struct patch_site {
    uintptr_t address;
    uintptr_t target; /* of the jump; 0 where the kind knows */
    uint8_t kind;
    uint8_t rule; /* 0 for jumps */
    uint8_t reserved[6];
};

extern const struct patch_site __patch_sites_start[], __patch_sites_end[];

#define SITE_STRING(value)  #value
#define SITE_LITERAL(value) SITE_STRING(value)

/* The record of the site at local label 771, in the linker's collection. */
#define SITE_RECORD(kind, rule)                                                                    \
    ".pushsection .patch_sites, \"a\"\n"                                                           \
    ".balign 8\n"                                                                                  \
    ".quad 771b, 0\n"                                                                              \
    ".byte " SITE_LITERAL(kind) ", " SITE_LITERAL(rule) ", 0, 0, 0, 0, 0, 0\n"                     \
                                                        ".popsection\n"

/* CLI, of eight bytes. */
#define SITE_INTERRUPTS_OFF(rule)                                                                  \
    asm_volatile_inline("771: .byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0xfa\n" SITE_RECORD( \
                            SITE_KIND_INTERRUPTS, SITE_RULE_##rule)::                              \
                            : "memory")

/* Counts one more reason for no preemption. */
#define SITE_PREEMPTION_OFF(rule)                                                                  \
    asm_volatile_inline(                                                                           \
        "771: addl $1, %%gs:preempt_count\n" SITE_RECORD(SITE_KIND_PREEMPTION, SITE_RULE_##rule):: \
            : "memory")

#ifdef INVARIANT
/* Asserts what the rule of a site says about its context. Are both on? */
bool site_rule_check(unsigned rule);

/* After a site of rule 4 or 5, if both were on: asserts that what it is there for was done. */
void site_ready_check(bool both_on, const void *frame);

/* Is the stack backed as far as a section may go? Registered by mm where sites see to that. */
extern bool (*site_stack_is_ready)(uintptr_t stack_pointer);

/* Is the stack that holds this address whole? Registered by mm, for rules 1 and 2. */
extern bool (*site_stack_is_whole)(uintptr_t address);
#else
static always_inline bool site_rule_check(unsigned rule maybe_unused)
{
    return false;
}
static always_inline void site_ready_check(bool both_on maybe_unused,
                                           const void *frame maybe_unused)
{
}
#endif

/* What a site may become. */
enum site_form {
    SITE_PLAIN, /* as it was compiled */
    SITE_TOUCH, /* touches the stack, then does what it did */
    SITE_CHECK, /* touches the stack if interrupts and preemption are on, then does what it did */
    SITE_JUMP,  /* goes to the target */
};

/*
 * The bytes of a form of a site; returns how many. `bytes` holds SITE_BYTES_MAX. The plain form of
 * a jump is not known: 0.
 */
unsigned site_encode(const struct patch_site *site, enum site_form form, uint8_t *bytes);

/* Does the text at the site hold this form? Any context. */
bool site_is(const struct patch_site *site, enum site_form form);

/* Replaces the site's instructions. On CPU 0, while the text is writable; see above. */
void site_write(const struct patch_site *site, enum site_form form);

/* Is it a site's touch that stands at this address? Any context; reads the text only. */
bool site_touch_at(uintptr_t rip, unsigned *bytes);
