# The ISO: iso/mkiso does the work.

ISO_MAX_BYTES := 2500000
export ISO_MAX_BYTES

.PHONY: iso
ISO_FILE := $(call escape,$(ISO))

## make iso          build the ISO alone; CMDLINE="..." for the kernel, ISO=path for the result
iso: $(ISO_FILE)

# The kernel as the ISO has it: symbols stay, debugging information goes.
build/$(VARIANT)/kernel.stripped: build/$(VARIANT)/kernel.elf
	$(Q)$(OBJCOPY) --strip-debug $< $@

# What the command line on an ISO depends on: rewritten only when it changes.
ISO_STAMP := build/iso/$(subst $(space),_,$(subst /,+,$(ISO)))/cmdline
$(ISO_STAMP): FORCE
	@mkdir -p $(@D)
	@printf '%s\n' "$$ISO_CMDLINE" '$(VARIANT)' | cmp -s - $@ || \
	    printf '%s\n' "$$ISO_CMDLINE" '$(VARIANT)' >$@

# The command line travels in the environment, where no shell can split or expand it.
$(ISO_STAMP) $(ISO_FILE): export ISO_CMDLINE := $(CMDLINE)

$(ISO_FILE): build/$(VARIANT)/kernel.stripped build/boot.tar $(wildcard iso/*) $(ISO_STAMP)
	@$(SAY) ISO $(call quote,$@)"$${ISO_CMDLINE:+ ($$ISO_CMDLINE)}"
	$(Q)iso/mkiso $< build/boot.tar $(call quote,$@) $(call quote,$@.tmp) "$$ISO_CMDLINE"
