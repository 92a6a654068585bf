# The machine that all this runs on, and help.
#
#   TOOLCHAIN=  where `make toolchain` puts binutils and GCC
TOOLCHAIN := $(HOME)/opt/x86_64-elf

.PHONY: setup-run setup-test doctor toolchain help

# Installs what is missing, or says how; before anything else is tried.
setup-run:
	@tools/setup run $(RUN_EXTRA)

setup-test:
	@tools/setup test

## make doctor       every tool: is it here, which version, which package has it, what fails without
doctor:
	@TOOLCHAIN=$(call quote,$(TOOLCHAIN)) GDB_PORT=$(GDB_PORT) tools/doctor

## make toolchain    build binutils and GCC for x86_64-elf, up to an hour, to TOOLCHAIN=
toolchain:
	@tools/build/toolchain $(call quote,$(TOOLCHAIN))

## make help         this list
help:
	@sed -n 's/^## //p' Makefile make/*.mk $(wildcard tests/tests.mk tests/host/host.mk) \
	    $(if $(NOT_HERE),| grep -vE '^make ($(subst $(space),|,$(NOT_HERE))) ')
	@echo
	@echo "Words on the command line, with what they are when left out:"
	@sed -n 's/^#   \([A-Z0-9_]*=\)/  \1/p' Makefile make/*.mk \
	    $(wildcard tests/tests.mk tests/host/host.mk)

# make test         every test there is; ends with "N passed, N failed". ROWS="..." picks some
test: setup-test
