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
# Deliberately wrong: a call forgets a reference, for the fuzzer to find (tests/boot/fuzz_planted.py).
VARIANT_FLAGS_planted   := -O2 -DLESSON_PLANTED_BUG
# Times each section with interrupts or preemption off: arch/x86_64/cpu/off_time.h.
VARIANT_FLAGS_latency   := -O2 -DLATENCY -DLARGE_ENTRY_STACKS

KERNEL_C   := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.c)))
OFFSETS_C  := arch/x86_64/entry/offsets.c
STACK_OFFSETS_C := mm/stack/stack_offsets.c
MESSAGE_OFFSETS_C := kernel/syscall/message_offsets.c
KERNEL_C   := $(filter-out $(OFFSETS_C) $(STACK_OFFSETS_C) $(MESSAGE_OFFSETS_C),$(KERNEL_C))
KERNEL_ASM := $(sort $(wildcard $(KERNEL_FOLDERS:%=%/*.asm)))

.PHONY: kernel variants stack-bounds text-sites

## make kernel       build the kernel alone; VARIANT= picks one of the five
kernel: build/$(VARIANT)/kernel.elf build/$(VARIANT)/stack-bounds.json \
    $(if $(filter release,$(VARIANT)),build/kernel.elf)

## make variants     build all five kernels
variants: $(VARIANTS:%=build/%/kernel.elf) $(VARIANTS:%=build/%/stack-bounds.json) build/kernel.elf

## make stack-bounds how deep each stack can get, function by function; VARIANT= picks the kernel
stack-bounds: build/$(VARIANT)/kernel.elf
	$(Q)$(STACK_BOUNDS) --verbose build/$(VARIANT)

## make text-sites   where modes replace instructions, and what stands there; VARIANT= picks
text-sites: build/$(VARIANT)/kernel.elf
	$(Q)$(PYTHON) tools/build/patch_sites.py list $< $(OBJDUMP)

STACK_BOUNDS       := $(PYTHON) tools/build/stack_bounds.py --objdump $(OBJDUMP)
STACK_BOUNDS_FILES := tools/build/stack_bounds.py tools/build/stack_bounds.annotations \
    $(wildcard tools/build/stackbounds/*.py)

build/kernel.elf: build/release/kernel.elf
	$(Q)cp $< $@
	$(Q)cp $<-gdb.py $@-gdb.py

# The command that compiles a file of a variant.
compile = $(CC) $(KERNEL_CFLAGS) $(variant_flags) $(CFLAGS)

# Replaces the file $@ by the text in the environment's TEXT, if it holds another one.
write_if_changed = printf '%s\n' "$$TEXT" | cmp -s - $@ || printf '%s\n' "$$TEXT" >$@

$(foreach variant,$(VARIANTS) $(MEASURES),$(eval include make/variant.mk))
