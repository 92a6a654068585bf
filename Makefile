# Builds the kernel. `make help` is to come with the rest.
VARIANT ?= release
OUT     := build/$(VARIANT)
CC      := gcc
NASM    := nasm
LD      := ld

CFLAGS_release   := -O2
CFLAGS_invariant := -O2 -DINVARIANT
CFLAGS_ubsan     := -O2 -DINVARIANT -DLARGE_ENTRY_STACKS -fsanitize=undefined
CFLAGS_O0        := -O0 -DLARGE_ENTRY_STACKS
CFLAGS_lost      := -O2 -DLESSON_LOST_EVENTS
CFLAGS := -std=gnu11 -ffreestanding -nostdinc -isystem $(shell $(CC) -print-file-name=include) \
    -mcmodel=kernel -mno-red-zone -mgeneral-regs-only -fno-pie -fno-pic -fno-omit-frame-pointer \
    -fno-stack-protector -fno-strict-aliasing -fno-tree-loop-distribute-patterns -fno-asynchronous-unwind-tables \
    -fcf-protection=none -g -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
    -Wframe-larger-than=1024 -I. $(CFLAGS_$(VARIANT)) $(if $(CI),-Werror)

SOURCES := $(filter-out arch/x86_64/offsets.c,$(wildcard lib/*.c arch/x86_64/*.c boot/*.c mm/*.c sched/*.c kernel/*.c tests/*.c))
ASSEMBLY := $(wildcard boot/*.asm arch/x86_64/*.asm sched/*.asm tests/*.asm)
OBJECTS := $(SOURCES:%.c=$(OUT)/%.o) $(ASSEMBLY:%.asm=$(OUT)/%.asm.o)

kernel: $(OUT)/kernel.elf
	@mkdir -p build; [ $(VARIANT) != release ] || cp $< build/kernel.elf

$(OUT)/offsets.inc: arch/x86_64/offsets.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MT $@ -MF $(OUT)/offsets.d -S -o - $< | sed -n 's/^->\([A-Z0-9_]*\) \$$\?\(.*\)/%define \1 \2/p' > $@

$(OUT)/%.asm.o: %.asm $(OUT)/offsets.inc
	@mkdir -p $(@D)
	$(NASM) -f elf64 -g -F dwarf -w+orphan-labels -Werror=orphan-labels -I $(OUT)/ -o $@ $<

$(OUT)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CFLAGS) -MMD -MP -c -o $@ $<

$(OUT)/linker.ld: linker.ld arch/x86_64/layout.h
	@mkdir -p $(@D)
	$(CC) -E -P -x c -I. -o $@ $<

$(OUT)/kernel.elf: $(OBJECTS) $(OUT)/linker.ld
	$(LD) -nostdlib -static -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments -T $(OUT)/linker.ld -o $@ $(OBJECTS)

clean:
	rm -rf build

.PHONY: kernel clean
-include $(OBJECTS:.o=.d) $(OUT)/offsets.d
