/*
 * Patch sites: the instructions at the places where interrupts or preemption go off, in the mode
 * that was booted. tools/build/patch_sites.py checks in the kernel file that the plain forms are
 * one instruction each.
 */
#include "arch/x86_64/cpu/patch_site.h"

#include "arch/x86_64/cpu/cpu.h"
#include "arch/x86_64/cpu/preempt.h"
#include "lib/string.h"
#include "mm/stack_modes/mode_patch.h"
#include "tests/test.h"

TEST(SIT0001, "every patch site holds the instructions of the booted mode, and no others", ALWAYS)
{
    unsigned kinds[SITE_KINDS] = {0}, rules[SITE_RULES] = {0};
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        test_check(site->kind < SITE_KINDS && site->rule < SITE_RULES);
        kinds[site->kind]++;
        rules[site->rule]++;
    }
    test_note("sites: %u turn interrupts off, %u preemption; rules 1 to 5: %u, %u, %u, %u, %u",
              kinds[SITE_KIND_INTERRUPTS], kinds[SITE_KIND_PREEMPTION],
              rules[SITE_RULE_KERNEL_THREAD], rules[SITE_RULE_WHOLE_STACK],
              rules[SITE_RULE_OFF_ALREADY], rules[SITE_RULE_BOTH_ON], rules[SITE_RULE_EITHER]);
    test_check(kinds[SITE_KIND_INTERRUPTS] > 20 && kinds[SITE_KIND_PREEMPTION] > 20);
    test_check(stack_mode_is_patched(stack_mode_get()));
}

TEST(SIT0002, "the forms of a site differ, are as long as the site, and are recognized", ALWAYS)
{
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        if (site->kind > SITE_KIND_PREEMPTION) {
            continue;
        }
        uint8_t bytes[SITE_CHECK + 1][SITE_BYTES_MAX];
        unsigned matches = 0;
        for (unsigned form = SITE_PLAIN; form <= SITE_CHECK; form++) {
            test_equal(site_encode(site, form, bytes[form]), site->kind == SITE_KIND_INTERRUPTS
                                                                 ? SITE_INTERRUPTS_BYTES
                                                                 : SITE_PREEMPTION_BYTES);
            matches += site_is(site, form);
        }
        test_equal(matches, 1);
        test_check(memcmp(bytes[SITE_PLAIN], bytes[SITE_TOUCH], SITE_INTERRUPTS_BYTES) != 0);
        test_check(memcmp(bytes[SITE_TOUCH], bytes[SITE_CHECK], SITE_INTERRUPTS_BYTES) != 0);
    }
}

/* Copies of a site's forms cannot run (text is not writable), but the booted form must work. */
TEST(SIT0003, "interrupts and preemption go off and on again at sites, and pairs nest", ALWAYS)
{
    uint64_t outer = interrupts_save();
    bool off = !interrupts_enabled();
    uint64_t inner = interrupts_save();
    interrupts_restore(inner);
    bool still_off = !interrupts_enabled();
    interrupts_restore(outer);
    test_check(off && still_off && interrupts_enabled());

    uint32_t before = this_cpu(preempt_count);
    preempt_disable();
    preempt_disable();
    uint32_t twice = this_cpu(preempt_count);
    preempt_enable();
    preempt_enable();
    test_equal(before, 0);
    test_equal(twice, 2);
    test_equal(this_cpu(preempt_count), 0);
}
