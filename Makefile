# Stalactite: the way in. `make help` lists what there is.
#
# The parts: make/toolchain.mk finds the compiler and probes its flags, make/kernel.mk builds the
# kernel in its variants, make/iso.mk the ISO, make/run.mk starts emulators, make/debug.mk tells
# editors and debuggers what they must know, make/docs.mk draws the pictures of the book, make/setup.mk
# sees to the machine that all this runs on.

# Words that change what is built:
#   VARIANT=  the kernel to build and run: release, invariant, ubsan, O0 or lost
#   CMDLINE=  the kernel's command line on the ISO
#   ISO=      where the ISO goes
#   V=1       show the commands
#   CI=true   warnings are errors
VARIANT ?= release
CMDLINE ?=
ISO     ?= $(if $(CMDLINE)$(filter-out release,$(VARIANT)),build/custom.iso,build/stalactite.iso)

VARIANTS := release invariant ubsan O0 lost
ifeq ($(filter $(VARIANT),$(VARIANTS)),)
$(error There is no VARIANT=$(VARIANT); there are: $(VARIANTS))
endif

# Q hides a command, SAY prints its short name instead; make -s prints neither. (Its own flags are
# the first word; to be looked at before others are added.)
Q     := $(if $(V),,@)
SAY   := $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-4s %s\n')
comma := ,

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all kernel variants stack-bounds text-sites iso run bench test debug gdb bochs bochs-fault bochs-lost doctor setup-run setup-test help clean FORCE


# Debian's own Python, by its path: one of another origin may come first on the PATH, and has none
# of Debian's modules.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
export PYTHON

# Every date in what is built. Builds of one commit are identical, whenever and wherever made.
SOURCE_DATE_EPOCH ?= 1735689600
export SOURCE_DATE_EPOCH

## make              build build/kernel.elf and build/stalactite.iso
all: kernel build/$(VARIANT)/kernel.lst iso

include make/toolchain.mk
include make/kernel.mk
include make/iso.mk
include make/run.mk
include make/debug.mk
include make/docs.mk
include make/setup.mk
-include tests/tests.mk
-include tests/host/host.mk

## make clean        remove everything that was built
clean:
	rm -rf build

FORCE:
