/* See mode_text.h. */
#include "mm/mode_text.h"

#include "arch/x86_64/text_site.h"
#include "mm/stack.h"

#ifdef INVARIANT
/* Boot and entry stacks are, and of the stacks of threads those that miss nothing. */
static bool whole_at(uintptr_t address)
{
    uint32_t slot;
    return !stack_slot_find(address, &slot) || stack_missing(slot) == 0;
}
#endif

/* What a mode wants at a site. */
static enum site_form form_wanted(const struct text_site *site maybe_unused,
                                  enum stack_mode mode maybe_unused)
{
    return SITE_PLAIN;
}

void stack_mode_text_write(enum stack_mode mode)
{
#ifdef INVARIANT
    site_stack_is_whole = whole_at;
#endif
    for (const struct text_site *site = __text_sites_start; site < __text_sites_end; site++) {
        enum site_form form = form_wanted(site, mode);
        if (form != SITE_PLAIN) {
            site_write(site, form);
        }
    }
}

bool stack_mode_text_is(enum stack_mode mode)
{
    for (const struct text_site *site = __text_sites_start; site < __text_sites_end; site++) {
        enum site_form form = form_wanted(site, mode);
        bool jump = site->kind >= SITE_KIND_SWITCH;
        if (jump && form == SITE_PLAIN ? site_is(site, SITE_JUMP) : !site_is(site, form)) {
            return false;
        }
    }
    return true;
}
