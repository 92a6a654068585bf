/*
 * Patch sites: instructions that are replaced at boot when the kernel runs in a certain mode. The
 * linker collects a record of each site. A site that is not replaced executes as many instructions
 * as code without a site would, so it costs nothing in the other modes.
 *
 * Two kinds of site stand where thread code turns interrupts or preemption off. They serve
 * stack=prefault, where the stack is filled in advance (mm/stack_modes/stack_prefault.h), and
 * follow the five rules of OSv's lazy stacks. Each site names the rule that holds at its place. The
 * right column says what the rule makes of the site:
 *
 *   KERNEL_THREAD  1  only threads whose stacks are whole get here             no change
 *   WHOLE_STACK    2  the stack in use is a boot or entry stack, or whole      no change
 *   OFF_ALREADY    3  interrupts or preemption are off already                 no change
 *   BOTH_ON        4  interrupts and preemption are on                         touch the stack
 *   EITHER         5  it depends on the caller                                 test, then touch
 *
 * Interrupts are turned off by CLI. Seven DS prefixes, which 64-bit mode ignores (SDM volume 1,
 * 3.3.7.1), make that site eight bytes long, so that a touch of the stack (seven bytes) and a CLI
 * fit, or a call and a CLI. Preemption is turned off by one ADD of nine bytes, which a call
 * replaces. The sites of the stack modes are the first bytes of a function and become a jump. Those
 * of user copy are NOPs and become STAC and CLAC on a CPU with SMAP.
 *
 * Sites are replaced once, on CPU 0, while the boot page tables still map the text writable: before
 * the kernel's own page tables are loaded and before another CPU runs.
 */
#pragma once

#include "arch/x86_64/cpu/layout.h"
#include "arch/x86_64/cpu/types.h"

#define SITE_KIND_INTERRUPTS 0 /* turns interrupts off */
#define SITE_KIND_PREEMPTION 1 /* turns preemption off */
/* Jumps. Each serves the stack mode in its name. */
#define SITE_KIND_LEND         2
#define SITE_KIND_LEND_BATCHED 3
/* Around a user copy: STAC lets the kernel touch user pages on a CPU with SMAP, CLAC ends that. */
#define SITE_KIND_SMAP_OPEN  4
#define SITE_KIND_SMAP_CLOSE 5
/* A jump to the form of a function that records what it does: trace.h. */
#define SITE_KIND_TRACE 6
/* A jump for ipc=handoff; the second kind is not made with a trace, whose jump is there, too. */
#define SITE_KIND_HANDOFF          7
#define SITE_KIND_HANDOFF_UNTRACED 8
#define SITE_KINDS                 9

#define SITE_RULE_KERNEL_THREAD 1
#define SITE_RULE_WHOLE_STACK   2
#define SITE_RULE_OFF_ALREADY   3
#define SITE_RULE_BOTH_ON       4
#define SITE_RULE_EITHER        5
#define SITE_RULES              6

#define SITE_INTERRUPTS_BYTES 8
#define SITE_PREEMPTION_BYTES 9
#define SITE_JUMP_BYTES       5
#define SITE_SMAP_BYTES       3
#define SITE_BYTES_MAX        9

struct patch_site {
    uintptr_t address;
    uintptr_t target; /* of the jump; 0 for kinds that are no jump */
    uint8_t kind;
    uint8_t rule; /* 0 for jumps and for SMAP */
    uint8_t reserved[6];
};

extern const struct patch_site __patch_sites_start[], __patch_sites_end[];

/* True with ipc=handoff. Set before the patch sites are written, and never changed later. */
extern bool handoff_wanted;

#define SITE_STRING(value)  #value
#define SITE_LITERAL(value) SITE_STRING(value)

/* The record of the site at local label 771, in the section that the linker collects. */
#define SITE_RECORD(kind, rule)                                                                    \
    ".pushsection .patch_sites, \"a\"\n"                                                           \
    ".balign 8\n"                                                                                  \
    ".quad 771b, 0\n"                                                                              \
    ".byte " SITE_LITERAL(kind) ", " SITE_LITERAL(rule) ", 0, 0, 0, 0, 0, 0\n"                     \
                                                        ".popsection\n"

/* clang-format off */
/*
 * Makes the first bytes of `function` a patch site of a kind that becomes a jump to `other`, a
 * function of the same file with the same parameters, to which nothing else leads.
 */
#define SITE_JUMP_FROM(function, kind, other)                                                      \
    __asm__(".pushsection .patch_sites, \"a\"\n"                                                   \
            ".balign 8\n"                                                                          \
            ".quad " #function ", " #other "\n"                                                    \
            ".byte " SITE_LITERAL(kind) ", 0, 0, 0, 0, 0, 0, 0\n"                                  \
            ".popsection\n")

/* The attributes of a function to which only a patch site leads. */
#define SITE_JUMP_FORM never_inline __attribute__((used))

/* Turns interrupts off: an eight-byte CLI with its record. */
#define SITE_INTERRUPTS_OFF(rule)                                                                  \
    asm_volatile_inline("771: .byte 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0x3e, 0xfa\n"              \
                        SITE_RECORD(SITE_KIND_INTERRUPTS, SITE_RULE_##rule) ::: "memory")

/* Turns preemption off: a nine-byte ADD to the counter with its record. */
#define SITE_PREEMPTION_OFF(rule)                                                                  \
    asm_volatile_inline("771: addl $1, %%gs:preempt_count\n"                                       \
                        SITE_RECORD(SITE_KIND_PREEMPTION, SITE_RULE_##rule) ::: "memory")
/* clang-format on */

#ifdef INVARIANT
/*
 * Panics if the context of a site is not what its rule says. Returns true if interrupts and
 * preemption are both on. Context: ANY.
 */
bool site_rule_check(unsigned rule);

/*
 * Panics if `both_on` (the result of site_rule_check()) and the stack below `frame` is not backed
 * far enough for the section that begins. Context: ANY.
 */
void site_ready_check(bool both_on, const void *frame);

/*
 * Hook: returns whether the stack is backed as far below `stack_pointer` as a section may go. It is
 * set with stack=prefault only. Context: ATOMIC.
 */
extern bool (*site_stack_is_ready)(uintptr_t stack_pointer);

/* Hook: returns whether no page is missing from the stack that holds `address`. Context: ANY. */
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

/* The forms of a site. */
enum site_form {
    SITE_PLAIN, /* as it was compiled */
    SITE_TOUCH, /* touches the stack, then acts as the plain form */
    SITE_CHECK, /* touches it if interrupts and preemption are on, then acts as the plain form */
    SITE_JUMP,  /* jumps to the target */
    SITE_SMAP,  /* STAC or CLAC */
};

/*
 * Stores the instruction bytes that a form of a site consists of and returns their number. `bytes`
 * has SITE_BYTES_MAX bytes. Returns 0 for the plain form of a jump: these bytes are the beginning
 * of a function, which only the compiler knows. Context: ANY.
 */
unsigned site_encode(const struct patch_site *site, enum site_form form, uint8_t *bytes);

/* Returns true if the text at the site holds this form. Context: ANY. */
bool site_is(const struct patch_site *site, enum site_form form);

/* Replaces the instructions of a site. Context: boot, on CPU 0, while the text is writable. */
void site_write(const struct patch_site *site, enum site_form form);

/*
 * Returns true if the instruction at `rip` is the touch of a site, and stores its length in *bytes.
 * Reads only the kernel's text. Context: ANY.
 */
bool site_touch_at(uintptr_t rip, unsigned *bytes);
