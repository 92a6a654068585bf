# The rules for one variant of the kernel. make/kernel.mk includes this file once for each, with
# `variant` set. make expands targets and prerequisites as it reads them, but recipes only when it
# runs them: so a recipe says $(out), which is set below for every file of the variant.
#
# All of a variant lies in build/VARIANT:
#   obj/         objects, and beside each the compiler's call graph (.ci) with the stack of each
#                function, which stack-bounds.json is computed from
#   flags        the compiler and the flags; a change compiles everything anew
#   objects      the names of the objects; a change links anew
#   offsets.inc  structure offsets and constants for NASM, from arch/x86_64/entry/offsets.c;
#                stack_offsets.inc, from mm/stack/stack_offsets.c; and message_offsets.inc,
#                from kernel/syscall/message_offsets.c
#   first.elf    the first link, with an empty table of names; says where each function is
#   kernel.elf   the second link, with the table of names
#   kernel.map, .nm, .sym (for Bochs), .size, .elf-gdb.py (gdb reads it with the kernel)
#   kernel.lst   the listing, on request
#   stack-bounds.json  how deep each stack can get

objects := $(KERNEL_C:%.c=build/$(variant)/obj/%.o) $(KERNEL_ASM:%.asm=build/$(variant)/obj/%.asm.o)
ifneq ($(variant),ubsan) # the sanitizer's functions are in its kernel alone
objects := $(filter-out %/ubsan.o,$(objects))
endif

build/$(variant)/%: out := build/$(variant)
build/$(variant)/%: objects := $(objects)
build/$(variant)/%: variant_flags := $(VARIANT_FLAGS_$(variant))
build/$(variant)/obj/%/ubsan.o: variant_flags += -fno-sanitize=all

# The directory of each object is made here, because every object depends on this file.
build/$(variant)/flags: export TEXT = $(CC_VERSION) $(compile) $(STACK_FLAGS) $(KERNEL_NASMFLAGS)
build/$(variant)/flags: FORCE
	@$(toolchain_check)
	@mkdir -p $(sort $(dir $(objects)))
	@$(write_if_changed)

build/$(variant)/objects: export TEXT = $(KERNEL_LDFLAGS) $(objects)
build/$(variant)/objects: FORCE build/$(variant)/flags
	@$(write_if_changed)

build/$(variant)/obj/%.o: %.c build/$(variant)/flags
	@$(SAY) CC $<
	$(Q)$(compile) $(STACK_FLAGS) -MMD -MP -c -o $@ $<

# NASM 2.16 lists what is included only when it does nothing else: so two runs.
build/$(variant)/obj/%.asm.o: %.asm build/$(variant)/offsets.inc build/$(variant)/stack_offsets.inc \
    build/$(variant)/message_offsets.inc build/$(variant)/flags
	@$(SAY) NASM $<
	$(Q)$(NASM) $(KERNEL_NASMFLAGS) -I $(out)/ -M -MP -MT $@ -MF $(@:.o=.d) $<
	$(Q)$(NASM) $(KERNEL_NASMFLAGS) -I $(out)/ -o $@ $<

# The list of what it includes is named after the source: one that names a source that has moved
# is not read, and does not stop make.
build/$(variant)/offsets.inc: source := $(OFFSETS_C)
build/$(variant)/stack_offsets.inc: source := $(STACK_OFFSETS_C)
build/$(variant)/offsets.inc: $(OFFSETS_C)
build/$(variant)/stack_offsets.inc: $(STACK_OFFSETS_C)
build/$(variant)/message_offsets.inc: source := $(MESSAGE_OFFSETS_C)
build/$(variant)/message_offsets.inc: $(MESSAGE_OFFSETS_C)
build/$(variant)/offsets.inc build/$(variant)/stack_offsets.inc build/$(variant)/message_offsets.inc: \
    build/$(variant)/flags
	@$(SAY) GEN $@
	$(Q)$(compile) -MMD -MP -MT $@ -MF $(out)/obj/$(source:.c=.d) -S -o $@.s $(source)
	$(Q)sed -n 's/.*\.ascii[[:space:]]*"->\([A-Za-z0-9_]*\) \$$*\(.*\)"/%define \1 \2/p' $@.s >$@

build/$(variant)/linker.ld: linker.ld build/$(variant)/flags
	$(Q)$(compile) -MMD -MP -MT $@ -MF $(out)/linker.d -E -P -x c -o $@ $<

build/$(variant)/first.elf: $(objects) build/$(variant)/empty.asm.o build/$(variant)/linker.ld \
    build/$(variant)/objects
	$(Q)$(LD) $(KERNEL_LDFLAGS) -T $(out)/linker.ld -o $@ $(objects) $(out)/empty.asm.o

build/$(variant)/kernel.elf: build/$(variant)/first.elf build/$(variant)/symbols.asm.o \
    tools/build/patch_sites.py tools/debug/kernel-gdb.py
	@$(SAY) LD $@
	$(Q)$(LD) $(KERNEL_LDFLAGS) -T $(out)/linker.ld -Map $(out)/kernel.map -o $@.new $(objects) \
	    $(out)/symbols.asm.o
	$(Q)$(NM) -n $@.new >$(out)/kernel.nm
	$(Q)$(PYTHON) tools/build/symbols.py check $(out)/first.nm $(out)/kernel.nm
	$(Q)$(PYTHON) tools/build/patch_sites.py check $@.new
	$(Q)$(PYTHON) tools/build/symbols.py bochs <$(out)/kernel.nm >$(out)/kernel.sym
	$(Q)$(SIZE) -A $@.new >$(out)/kernel.size
	$(Q)cp tools/debug/kernel-gdb.py $@-gdb.py
	$(Q)mv $@.new $@

build/$(variant)/first.nm: build/$(variant)/first.elf
	$(Q)$(NM) -n $< >$@

build/$(variant)/symbols.asm: build/$(variant)/first.nm tools/build/symbols.py
	$(Q)$(PYTHON) tools/build/symbols.py table <$< >$@

build/$(variant)/empty.asm: tools/build/symbols.py build/$(variant)/flags
	$(Q)$(PYTHON) tools/build/symbols.py table </dev/null >$@

build/$(variant)/%.asm.o: build/$(variant)/%.asm
	$(Q)$(NASM) -f elf64 -o $@ $<

build/$(variant)/stack-bounds.json: build/$(variant)/kernel.elf $(STACK_BOUNDS_FILES)
ifeq ($(STACK_FLAGS),)
	@echo "The stack bounds are not checked: $(CC) writes no call graph (GCC does since 10)." >&2
	@echo '{}' >$@
else
	@$(SAY) MAX $@
	$(Q)$(STACK_BOUNDS) --json $@ $(out) >$@.txt || { cat $@.txt; exit 1; }
endif

build/$(variant)/kernel.lst: build/$(variant)/kernel.elf
	@$(SAY) LST $@
	$(Q)$(OBJDUMP) -d -S --no-show-raw-insn $< >$@ 2>/dev/null

-include $(objects:.o=.d) build/$(variant)/obj/$(OFFSETS_C:.c=.d) \
    build/$(variant)/obj/$(STACK_OFFSETS_C:.c=.d) build/$(variant)/obj/$(MESSAGE_OFFSETS_C:.c=.d) build/$(variant)/linker.d
