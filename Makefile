# Stalactite: the way in. `make help` lists what there is.
#
# The parts: make/toolchain.mk finds the compiler and probes its flags, make/kernel.mk builds the
# kernel in its variants, make/user.mk the user programs, make/iso.mk the ISO, make/run.mk starts emulators, make/debug.mk tells
# editors and debuggers what they must know, make/docs.mk draws the pictures of the book, make/setup.mk
# sees to the machine that all this runs on, make/labs.mk cuts the coursework.

# Words that change what is built. They come from the command line alone: many systems have CPU, HOST
# or CFLAGS in the environment of every program, so each word is set here or in its part.
#   VARIANT=  the kernel to build and run: release, invariant, ubsan, O0 or lost
#   CMDLINE=  the kernel's command line on the ISO
#   ISO=      where the ISO goes
#   V=1       show the commands
#   CI=true   warnings are errors
VARIANT := release
CMDLINE :=
V       :=
CI      :=
ISO     := $(if $(CMDLINE)$(filter-out release,$(VARIANT)),build/custom.iso,build/stalactite.iso)

VARIANTS := release invariant ubsan O0 lost
# Kernels that measure, or that a test of the tests needs: no part of `make variants`, and named by
# what needs them.
MEASURES := latency planted
ifeq ($(filter $(VARIANT),$(VARIANTS) $(MEASURES)),)
$(error There is no VARIANT=$(VARIANT); there are: $(VARIANTS))
endif

# Q hides a command, SAY prints its short name instead; make -s prints neither. (Its own flags are
# the first word; to be looked at before others are added.)
Q     := $(if $(V),,@)
SAY   := $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),:,printf '  %-4s %s\n')
comma := ,
empty :=
space := $(empty) $(empty)

# $(call quote,TEXT): one word for the shell, whatever is in it. $(call escape,FILE): one target or
# prerequisite for make, spaces or not.
quote  = '$(subst ','\'',$(1))'
escape = $(subst $(space),\$(space),$(1))

# macOS has a make of 2006.
ifneq ($(filter 3.%,$(MAKE_VERSION)),)
$(error This is make $(MAKE_VERSION), and 4.0 is needed. On macOS: brew install make, then gmake in place of make)
endif

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all clean FORCE

# With `clean` among several goals they are made one after another, in order: make -j would remove
# the build directory while it builds in there.
ifneq ($(and $(filter clean,$(MAKECMDGOALS)),$(filter-out clean,$(MAKECMDGOALS))),)

.PHONY: $(MAKECMDGOALS) in-order
$(MAKECMDGOALS): in-order
	@:
in-order:
	+$(Q)for goal in $(MAKECMDGOALS); do $(MAKE) --no-print-directory $$goal || exit; done

else

# Debian's own Python, by its path: one of another origin may come first on the PATH, and has none
# of Debian's modules. On macOS it is the other way round: the one at this path is too old.
PYTHON := $(if $(filter Darwin,$(shell uname -s)),python3,$(firstword $(wildcard /usr/bin/python3) python3))
export PYTHON

# Every date in what is built. Builds of one commit are identical, whenever and wherever made. This
# one comes from the environment, by the convention of reproducible-builds.org.
SOURCE_DATE_EPOCH ?= 1735689600
export SOURCE_DATE_EPOCH

## make              build build/kernel.elf, build/boot.tar and build/stalactite.iso
all: kernel user build/$(VARIANT)/kernel.lst iso

include make/toolchain.mk
include make/kernel.mk
include make/user.mk
include make/iso.mk
include make/run.mk
include make/debug.mk
include make/docs.mk
include make/setup.mk
# Of the coursework: the first is in this tree, the second in a student's.
-include make/labs.mk make/lab.mk
-include tests/tests.mk
-include tests/host/host.mk

## make clean        remove everything that was built
clean:
	rm -rf build

FORCE:

endif
