# The compiler and what it understands.

# CROSS_COMPILE is a prefix such as x86_64-elf-; tools/find-compiler looks for one. What it says
# when it finds none is said when something is to be compiled: `make doctor` must work without.
ifeq ($(origin CROSS_COMPILE),undefined)
CROSS_COMPILE := $(shell tools/find-compiler 2>/dev/null)
endif

CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
SIZE    := $(CROSS_COMPILE)size
NASM    := nasm

# A shell command that fails with a sentence if something is missing.
toolchain_check = command -v $(CC) >/dev/null || { tools/find-compiler >/dev/null; \
	    echo "No C compiler $(CC): \`make doctor\` says which package has one." >&2; exit 1; }; \
	for tool in $(LD) $(NASM) $(PYTHON); do command -v $$tool >/dev/null || { \
	    echo "$$tool is missing: \`make doctor\` says which package has it." >&2; exit 1; }; done

# $(call probe,COMMAND,FLAGS...): those of FLAGS that the command accepts when FLAG is put last.
probe = $(foreach flag,$(2),$(shell $(1) $(flag) >/dev/null 2>&1 && echo "$(flag)"))

# What the kernel cannot do without; a compiler that does not know one of these is of no use.
CFLAGS_needed := -std=gnu11 -ffreestanding -nostdinc -mcmodel=kernel -mno-red-zone \
    -mgeneral-regs-only -fno-pie -fno-pic -fno-omit-frame-pointer -fno-strict-aliasing -g3

# What makes the code better or the compiler stricter, where it knows it. The prefix map keeps the
# name of this directory out of the kernel. Loops are not aligned: most, as those of a stack fault,
# run once to three times, and the instructions that pad them would be executed each time.
CFLAGS_probed := -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
    -fno-align-loops -fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks \
    -ffile-prefix-map=$(CURDIR)=.
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
    -Wframe-larger-than=1024
LDFLAGS_needed := -nostdlib -static --build-id=none -z max-page-size=4096 -z noexecstack
LDFLAGS_probed := --no-warn-rwx-segments

# Probing costs a few runs of the compiler, so goals that compile nothing do without.
ifneq ($(filter-out help clean doctor,$(or $(MAKECMDGOALS),all)),)
CC_ACCEPTS := $(call probe,$(CC) -Werror -x c -c /dev/null -o /dev/null,$(CFLAGS_probed) $(WARNINGS))
LD_ACCEPTS := $(call probe,$(LD) -v,$(LDFLAGS_probed))
# Beside each object its call graph, with the stack of each function; the code stays the same.
STACK_FLAGS := $(call probe,$(CC) -Werror -x c -E /dev/null -o /dev/null,-fcallgraph-info=su)
CC_HEADERS := $(shell $(CC) -print-file-name=include 2>/dev/null)
CC_VERSION := $(shell $(CC) --version 2>/dev/null | head -n 1)
endif


CFLAGS := $(CFLAGS_needed) -isystem $(CC_HEADERS) $(CC_ACCEPTS) $(if $(CI),-Werror) -I.
LDFLAGS := $(LDFLAGS_needed) $(LD_ACCEPTS)
# No -g: NASM 2.16 writes DWARF that gdb 13 cannot read, with this directory's name in it.
NASMFLAGS := -f elf64 -w+orphan-labels -w+error=orphan-labels
