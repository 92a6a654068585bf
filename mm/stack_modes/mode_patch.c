/* Chooses the instructions of each patch site: see mode_patch.h. */
#include "mm/stack_modes/mode_patch.h"

#include "arch/x86_64/cpu/cpu_model.h"
#include "arch/x86_64/cpu/patch_site.h"
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
        return mode == STACK_MODE_LEND && at_once ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_LEND_BATCHED:
        return mode == STACK_MODE_LEND && !at_once ? SITE_JUMP : SITE_PLAIN;
    case SITE_KIND_SMAP_OPEN:
    case SITE_KIND_SMAP_CLOSE:
        return cpu_has_smap() ? SITE_SMAP : SITE_PLAIN;
    default:
        return mode == STACK_MODE_PREFAULT ? form_by_rule(site->rule) : SITE_PLAIN;
    }
}

void stack_mode_patch(enum stack_mode mode)
{
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        enum site_form form = form_wanted(site, mode);
        if (form != SITE_PLAIN) {
            site_write(site, form);
        }
    }
}

bool stack_mode_is_patched(enum stack_mode mode)
{
    for (const struct patch_site *site = __patch_sites_start; site < __patch_sites_end; site++) {
        enum site_form form = form_wanted(site, mode);
        bool jump = site->target != 0;
        if (jump && form == SITE_PLAIN ? site_is(site, SITE_JUMP) : !site_is(site, form)) {
            return false;
        }
    }
    return true;
}
