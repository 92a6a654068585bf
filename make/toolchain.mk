# The compiler and what it understands.

# CROSS_COMPILE is a prefix such as x86_64-elf-; tools/find-compiler looks for one. Its message
# that there is none appears when something is to be compiled: `make doctor` must work without.
CROSS_COMPILE := $(shell tools/find-compiler 2>/dev/null || echo x86_64-linux-gnu-)
export CROSS_COMPILE

CC      := $(CROSS_COMPILE)gcc
LD      := $(CROSS_COMPILE)ld
NM      := $(CROSS_COMPILE)nm
OBJCOPY := $(CROSS_COMPILE)objcopy
OBJDUMP := $(CROSS_COMPILE)objdump
SIZE    := $(CROSS_COMPILE)size
NASM    := nasm

# A shell command that fails, and says which package to install, if something is missing. A tool that
# the command line names is looked for by that name.
tool_probe      = $(if $(filter command,$(origin $(1))),$(firstword $($(1))),$(2))
toolchain_check = command -v $(firstword $(CC)) >/dev/null && command -v $(LD) >/dev/null && \
	    command -v $(NASM) >/dev/null && command -v $(PYTHON) >/dev/null || { \
	tools/find-compiler >/dev/null || exit 1; tools/need $(call tool_probe,CC,cross:gcc) \
	    $(call tool_probe,LD,cross:ld) $(call tool_probe,NASM,nasm) python3; exit 1; }

# $(call probe,COMMAND,FLAGS...): those of FLAGS that the command accepts when FLAG is put last.
probe = $(foreach flag,$(2),$(shell $(1) $(flag) >/dev/null 2>&1 && echo "$(flag)"))

# What the kernel cannot do without; a compiler that does not know one of these is of no use.
CFLAGS_NEEDED := -std=gnu11 -ffreestanding -nostdinc -mcmodel=kernel -mno-red-zone \
    -mgeneral-regs-only -fno-pie -fno-pic -fno-omit-frame-pointer -fno-strict-aliasing -g3

# What makes the code better or the compiler stricter, where it knows it. Loops are not aligned: most,
# as those of a stack fault, run once to three times, and the instructions that pad them would be
# executed each time.
CFLAGS_PROBED := -fno-stack-protector -fno-asynchronous-unwind-tables -fcf-protection=none \
    -fno-align-loops -fno-tree-loop-distribute-patterns -fno-delete-null-pointer-checks
WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wundef -Wmissing-prototypes -Wstrict-prototypes \
    -Wframe-larger-than=1024
LDFLAGS_NEEDED := -nostdlib -static --build-id=none -z max-page-size=4096 -z noexecstack
LDFLAGS_PROBED := --no-warn-rwx-segments

# The name of this directory stays out of the kernel.
PREFIX_MAP := -ffile-prefix-map=$(call quote,$(CURDIR)=.)

# Probing costs a few runs of the compiler, so goals that compile nothing do without.
ifneq ($(filter-out help clean doctor,$(or $(MAKECMDGOALS),all)),)
CC_PROBE   := $(CC) -Werror -x c -c /dev/null -o /dev/null
CC_ACCEPTS := $(call probe,$(CC_PROBE),$(CFLAGS_PROBED) $(WARNINGS))
CC_ACCEPTS += $(if $(call probe,$(CC_PROBE),-ffile-prefix-map=/a=.),$(PREFIX_MAP))
# Without SSE nothing on a stack needs 16 bytes, so functions of the kernel do not pad their frames. GCC's
# word for that, and clang's.
KERNEL_ALIGNMENT := $(firstword $(call probe,$(CC_PROBE) -mgeneral-regs-only,-mpreferred-stack-boundary=3 \
    -mstack-alignment=8))
LD_ACCEPTS := $(call probe,$(LD) -v,$(LDFLAGS_PROBED))
# Beside each object its call graph, with the stack of each function; the code stays the same.
STACK_FLAGS := $(call probe,$(CC) -Werror -x c -E /dev/null -o /dev/null,-fcallgraph-info=su)
CC_HEADERS := $(shell $(CC) -print-file-name=include 2>/dev/null)
CC_VERSION := $(shell $(CC) --version 2>/dev/null | head -n 1)
endif

# A user's own flags are added, last, so that they win; they replace nothing.
#   CFLAGS=   more flags for the C compiler
#   LDFLAGS=  more flags for the linker
#   NASMFLAGS=  more flags for NASM
CFLAGS    :=
LDFLAGS   :=
NASMFLAGS :=

KERNEL_CFLAGS  := $(CFLAGS_NEEDED) $(KERNEL_ALIGNMENT) -isystem $(CC_HEADERS) $(CC_ACCEPTS) $(if $(CI),-Werror) -I.
KERNEL_LDFLAGS := $(LDFLAGS_NEEDED) $(LD_ACCEPTS) $(LDFLAGS)
# No -g: NASM 2.16 writes DWARF that gdb 13 cannot read, with this directory's name in it.
KERNEL_NASMFLAGS := -f elf64 -w+orphan-labels -w+error=orphan-labels $(NASMFLAGS)
