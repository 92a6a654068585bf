/* Chooses the instructions of each patch site: see mode_patch.h. */
#include "mm/stack_modes/mode_patch.h"

#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/patch_site.h"
#include "arch/x86_64/cpu/trace.h"
#include "mm/stack/stack.h"
#include "mm/stack_modes/stack_lend.h"
#include "mm/stack_modes/stack_prefault.h"

/* Returns the form, with stack=prefault, of a site where interrupts or preemption go off. */
static enum site_form form_by_rule(unsigned rule)
{
    if (stack_prefault_mode() == STACK_PREFAULT_CHECK) {
        return SITE_CHECK;
    }
    return rule == SITE_RULE_BOTH_ON  ? SITE_TOUCH
           : rule == SITE_RULE_EITHER ? SITE_CHECK
                                      : SITE_PLAIN;
}

/* Returns the form that a mode needs at a site. */
static enum site_form form_wanted(const struct patch_site *site, enum stack_mode mode)
{
    bool at_once = stack_lend_mode() == STACK_LEND_AT_ONCE;
    switch (site->kind) {
    case SITE_KIND_LEND:
        return !trace_wanted && mode == STACK_MODE_LEND && at_once ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_LEND_BATCHED:
        return !trace_wanted && mode == STACK_MODE_LEND && !at_once ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_TRACE: /* at the switch it does what the other jumps there do, too */
        return trace_wanted ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_HANDOFF:
        return handoff_wanted ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_HANDOFF_UNTRACED:
        return handoff_wanted && !trace_wanted ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_SMAP_OPEN:
    case SITE_KIND_SMAP_CLOSE:
        return cpu_has_smap() ? SITE_SMAP : SITE_PLAIN;
    default:
        return mode == STACK_MODE_PREFAULT ? form_by_rule(site->rule) : SITE_PLAIN;
    }
}

/* Writes the sites that are jumps, or the others. */
static void sites_write(enum stack_mode mode, bool jumps)
{
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        enum site_form form = form_wanted(site, mode);
        if ((site->target != 0) == jumps && form != SITE_PLAIN) {
            site_write(site, form);
        }
    }
}

/* A jump at a function's first bytes may lie over a site there, which is not executed then. */
void stack_mode_patch(enum stack_mode mode)
{
    sites_write(mode, false);
    sites_write(mode, true);
}

/*
 * Returns true if the place at `site` has to be the jump of this record. Of several records that
 * make a jump of one place the last one counts, as it is written last.
 */
static bool jump_is_wanted(const struct patch_site *site, enum stack_mode mode)
{
    uintptr_t target = 0;
    for (const struct patch_site *other = __patch_sites_start; other < __patch_sites_end; other++) {
        if (other->address == site->address && form_wanted(other, mode) == SITE_JUMP) {
            target = other->target;
        }
    }
    return target == site->target;
}

/* Returns true if a jump lies over the first byte of a site that is no jump. */
static bool jump_covers(const struct patch_site *site, enum stack_mode mode)
{
    for (const struct patch_site *jump = __patch_sites_start; jump < __patch_sites_end; jump++) {
        if (site->address - jump->address < SITE_JUMP_BYTES &&
            form_wanted(jump, mode) == SITE_JUMP) {
            return true;
        }
    }
    return false;
}

bool stack_mode_is_patched(enum stack_mode mode)
{
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        bool right = site->target != 0
                         ? site_is(site, SITE_JUMP) == jump_is_wanted(site, mode)
                         : site_is(site, form_wanted(site, mode)) || jump_covers(site, mode);
        if (!right) {
            return false;
        }
    }
    return true;
}
