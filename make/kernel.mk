# The kernel: every C and assembly file in these directories, in five variants.

KERNEL_DIRECTORIES := lib arch/x86_64 boot mm sched kernel tests
# Every folder below them, but the tests that run on the host.
KERNEL_FOLDERS := $(filter-out tests/host%,$(shell find $(KERNEL_DIRECTORIES) -type d))

# -O2 for all but O0. The bigger frames of ubsan and O0 need bigger entry stacks.
VARIANT_FLAGS_release   := -O2
VARIANT_FLAGS_invariant := -O2 -DINVARIANT
VARIANT_FLAGS_ubsan     := -O2 -DINVARIANT -DLARGE_ENTRY_STACKS -fsanitize=undefined
VARIANT_FLAGS_O0        := -O0 -DLARGE_ENTRY_STACKS
# Deliberately wrong: interrupt gates on the thread's stack, to show which events get lost.
VARIANT_FLAGS_lost      := -O2 -DLESSON_LOST_EVENTS

KERNEL_C   := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.c)))
KERNEL_C   := $(filter-out arch/x86_64/entry/offsets.c,$(KERNEL_C))
KERNEL_ASM := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.asm)))

## make kernel       build the kernel alone; VARIANT= picks one of the five
kernel: build/$(VARIANT)/kernel.elf build/$(VARIANT)/stack-bounds.json \
    $(if $(filter release,$(VARIANT)),build/kernel.elf)

## make variants     build all five kernels
variants: $(VARIANTS:%=build/%/kernel.elf) $(VARIANTS:%=build/%/stack-bounds.json) build/kernel.elf

## make stack-bounds how deep each stack can get, function by function; VARIANT= picks the kernel
stack-bounds: build/$(VARIANT)/kernel.elf
	$(Q)$(STACK_BOUNDS) --verbose build/$(VARIANT)

## make text-sites   where modes replace instructions, and what stands there; VARIANT= picks the kernel
text-sites: build/$(VARIANT)/kernel.elf
	$(Q)$(PYTHON) tools/build/patch_sites.py list $< $(OBJDUMP)

STACK_BOUNDS       := $(PYTHON) tools/build/stack_bounds.py --objdump $(OBJDUMP)
STACK_BOUNDS_FILES := tools/build/stack_bounds.py tools/build/stack_bounds.annotations $(wildcard tools/build/stackbounds/*.py)

build/kernel.elf: build/release/kernel.elf
	$(Q)cp $< $@
	$(Q)cp $<-gdb.py $@-gdb.py

# The rules for one variant, $(1). What the sanitizer calls is in the ubsan kernel alone, and is not
# checked by it. Everything of it lies in build/$(1):
#   obj/         what is compiled
#   flags        the flags and the list of files it was built with: a change rebuilds
#   offsets.inc  structure offsets and constants for NASM, from arch/x86_64/entry/offsets.c
#   first.elf    the first link, without names; says where each function is
#   kernel.elf   the second link, with the table of names
#   obj/**/*.ci  the compiler's call graph with the stack of each function, for stack-bounds.json:
#                how deep each stack can get, checked by every build
#   kernel.map, .nm, .sym (for Bochs), .size, .elf-gdb.py (gdb reads it with the kernel); and .lst,
#                the listing, on request
define variant_rules
$(1)_CFLAGS  := $$(CFLAGS) $$(VARIANT_FLAGS_$(1))
$(1)_OBJECTS := $$(KERNEL_C:%.c=build/$(1)/obj/%.o) $$(KERNEL_ASM:%.asm=build/$(1)/obj/%.asm.o)
ifeq ($(1),ubsan)
build/ubsan/obj/arch/x86_64/cpu/ubsan.o: private ubsan_CFLAGS += -fno-sanitize=all
else
$(1)_OBJECTS := $$(filter-out %/ubsan.o,$$($(1)_OBJECTS))
endif

build/$(1)/flags: FORCE
	@$$(toolchain_check)
	@mkdir -p $$(sort $$(dir $$($(1)_OBJECTS)))
	@printf '%s\n' '$$(CC_VERSION)' '$$($(1)_CFLAGS)' '$$(STACK_FLAGS)' '$$(LDFLAGS)' \
	    '$$(NASMFLAGS)' '$$($(1)_OBJECTS)' | cmp -s - $$@ || printf '%s\n' '$$(CC_VERSION)' '$$($(1)_CFLAGS)' \
	    '$$(STACK_FLAGS)' '$$(LDFLAGS)' '$$(NASMFLAGS)' '$$($(1)_OBJECTS)' >$$@

build/$(1)/obj/%.o: %.c build/$(1)/flags
	@$$(SAY) CC $$<
	$$(Q)$$(CC) $$($(1)_CFLAGS) $$(STACK_FLAGS) -MMD -MP -c -o $$@ $$<

# NASM 2.16 lists what is included only when it does nothing else: so two runs.
build/$(1)/obj/%.asm.o: %.asm build/$(1)/offsets.inc build/$(1)/flags
	@$$(SAY) NASM $$<
	$$(Q)$$(NASM) $$(NASMFLAGS) -I build/$(1)/ -M -MP -MT $$@ -MF $$(@:.o=.d) $$<
	$$(Q)$$(NASM) $$(NASMFLAGS) -I build/$(1)/ -o $$@ $$<

build/$(1)/offsets.inc: arch/x86_64/entry/offsets.c build/$(1)/flags
	@$$(SAY) GEN $$@
	$$(Q)$$(CC) $$($(1)_CFLAGS) -MMD -MP -MT $$@ -MF build/$(1)/offsets.d -S -o $$@.s $$<
	$$(Q)sed -n 's/^->\([A-Za-z0-9_]*\) \$$$$*\(.*\)/%define \1 \2/p' $$@.s >$$@

build/$(1)/linker.ld: linker.ld build/$(1)/flags
	$$(Q)$$(CC) $$($(1)_CFLAGS) -MMD -MP -MT $$@ -MF build/$(1)/linker.d -E -P -x c -o $$@ $$<

build/$(1)/first.elf: $$($(1)_OBJECTS) build/$(1)/empty.asm.o build/$(1)/linker.ld
	$$(Q)$$(LD) $$(LDFLAGS) -T build/$(1)/linker.ld -o $$@ $$($(1)_OBJECTS) build/$(1)/empty.asm.o

build/$(1)/kernel.elf: build/$(1)/first.elf build/$(1)/symbols.asm.o tools/build/patch_sites.py \
    tools/debug/kernel-gdb.py
	@$$(SAY) LD $$@
	$$(Q)$$(LD) $$(LDFLAGS) -T build/$(1)/linker.ld -Map build/$(1)/kernel.map -o $$@.new \
	    $$($(1)_OBJECTS) build/$(1)/symbols.asm.o
	$$(Q)$$(NM) -n $$@.new >build/$(1)/kernel.nm
	$$(Q)$$(PYTHON) tools/build/symbols.py check build/$(1)/first.nm build/$(1)/kernel.nm
	$$(Q)$$(PYTHON) tools/build/patch_sites.py check $$@.new
	$$(Q)$$(PYTHON) tools/build/symbols.py bochs <build/$(1)/kernel.nm >build/$(1)/kernel.sym
	$$(Q)$$(SIZE) -A $$@.new >build/$(1)/kernel.size
	$$(Q)cp tools/debug/kernel-gdb.py $$@-gdb.py
	$$(Q)mv $$@.new $$@

build/$(1)/first.nm: build/$(1)/first.elf
	$$(Q)$$(NM) -n $$< >$$@

build/$(1)/symbols.asm: build/$(1)/first.nm tools/build/symbols.py
	$$(Q)$$(PYTHON) tools/build/symbols.py table <$$< >$$@

build/$(1)/empty.asm: tools/build/symbols.py build/$(1)/flags
	$$(Q)$$(PYTHON) tools/build/symbols.py table </dev/null >$$@

build/$(1)/%.asm.o: build/$(1)/%.asm
	$$(Q)$$(NASM) -f elf64 -o $$@ $$<

build/$(1)/stack-bounds.json: build/$(1)/kernel.elf $$(STACK_BOUNDS_FILES)
ifeq ($$(STACK_FLAGS),)
	@echo "The stack bounds are not checked: $$(CC) writes no call graph (GCC does since 10)." >&2
	@echo '{}' >$$@
else
	@$$(SAY) MAX $$@
	$$(Q)$$(STACK_BOUNDS) --json $$@ build/$(1) >$$@.txt || { cat $$@.txt; exit 1; }
endif

build/$(1)/kernel.lst: build/$(1)/kernel.elf
	@$$(SAY) LST $$@
	$$(Q)$$(OBJDUMP) -d -S --no-show-raw-insn $$< >$$@ 2>/dev/null

-include $$($(1)_OBJECTS:.o=.d) build/$(1)/offsets.d build/$(1)/linker.d
endef

$(foreach variant,$(VARIANTS),$(eval $(call variant_rules,$(variant))))
