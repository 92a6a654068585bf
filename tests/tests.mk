# `make test`: everything that can be tested, with one line at the end. The runner asks make for
# the kernels and ISOs that its rows need, so no rule for them stands here.
#
# Words that change what is tested:
#   ROWS=     only these rows, or checks, self, host, stacks, mutants, model: ROWS="pvh-* checks"
#   TESTS=    only these in-kernel tests: TESTS=STK*,MAG0001
#   JOBS=     how many machines, and compilers, at a time; the number of CPUs when left out
#   AREA=     the three capitals of the test ids that make next-id looks at
#   SUITE=    the release of Debian that make test-in tests in, such as trixie
ROWS         :=
TESTS        :=
JOBS         :=
SUITE        :=
AREA         :=
SECONDS      := 60
SOAK_MIB     := 1536
SEED         := 1
STACK        :=
SOAK_DOMAINS :=
SOAK_OPTIONS :=
FUZZ_OPTIONS :=
MUTANTS      :=
THIRD        :=
WORKLOAD     :=

# The runner calls make again for what its rows need: with these words, where they were given.
BUILD_WORDS  := CI V CROSS_COMPILE CC LD NASM CFLAGS LDFLAGS NASMFLAGS HOST_CC HOST_CFLAGS
MAKE_OPTIONS := $(foreach word,$(BUILD_WORDS),$(if $(filter command,$(origin $(word))), \
    --make $(call quote,$(word)=$($(word)))))
JOBS_OPTION  := $(if $(JOBS),--jobs $(call quote,$(JOBS)))
RUN          := $(PYTHON) tests/run $(MAKE_OPTIONS) $(JOBS_OPTION)
TESTS_OPTION := $(if $(TESTS),--test $(call quote,$(TESTS)))
ROWS_OPTION  := $(foreach row,$(ROWS),--row $(call quote,$(row)))

.PHONY: test test-fred test-quick test-in next-id soak fuzz mutants check model

## make test         every test there is; ends with "N passed, N failed". ROWS= and TESTS= choose
test: setup-test
	@$(RUN) $(ROWS_OPTION) $(TESTS_OPTION)

## make test-fred    the tests that need FRED, in the Bochs that BOCHS= names if it has FRED
test-fred: setup-test
	@BOCHS=$(call quote,$(BOCHS)) $(RUN) --row 'fred-*' $(TESTS_OPTION)

## make test-quick   the in-kernel tests on one machine, for right after an edit; TESTS= chooses
test-quick:
	@$(qemu_check)
	@$(RUN) --quick $(ROWS_OPTION) $(TESTS_OPTION)

## make test-in      `make test CI=true` in a Debian of its own: SUITE=trixie ROWS=checks; needs root
test-in:
	@tools/build/test-in $(call quote,$(SUITE)) $(if $(ROWS),$(call quote,ROWS=$(ROWS))) \
	    $(if $(TESTS),$(call quote,TESTS=$(TESTS)))

## make next-id      the next free test ids of AREA=, such as AREA=STK
next-id:
	@$(PYTHON) tools/check/next_test_id.py $(call quote,$(AREA))

## make soak         everything at once for SECONDS= (60) from SEED= (1); STACK=, CPU=,
##                   SOAK_DOMAINS=, SOAK_OPTIONS="words for the kernel" change the machine,
##                   THREADS=100000 and ONE_CORE=1 (of the host) make it harder;
##                   WORKLOAD=shell types at the shell instead
soak: build/$(VARIANT)/kernel.elf build/boot.tar
	@$(qemu_check)
ifeq ($(WORKLOAD),shell)
	@$(PYTHON) tests/boot/shell_soak.py --seconds $(SECONDS) --seed $(SEED) --build $(VARIANT) \
	    --options $(call quote,$(strip $(if $(STACK),stack=$(STACK)) $(SOAK_OPTIONS)))
else
	@$(PYTHON) tests/boot/soak.py --seconds $(SECONDS) --seed $(SEED) \
	    --build $(VARIANT) $(if $(CPU),--cpu $(call quote,$(CPU))) \
	    $(if $(SOAK_DOMAINS),--domains $(SOAK_DOMAINS)) $(if $(ONE_CORE),--one-core) \
	    $(if $(THREADS),--threads $(THREADS) --memory-mib $(SOAK_MIB)) \
	    --options $(call quote,$(strip $(if $(STACK),stack=$(STACK)) $(SOAK_OPTIONS)))
endif

## make fuzz         system calls at random for SECONDS= (60) from SEED= (1); FUZZ_OPTIONS="words"
##                   change the machine: "stack=lend entry=idt"
fuzz: build/$(VARIANT)/kernel.elf build/boot.tar
	@$(qemu_check)
	@$(PYTHON) tests/boot/fuzz.py --seconds $(SECONDS) --seed $(SEED) --build $(VARIANT) \
	    --options $(call quote,$(strip $(if $(STACK),stack=$(STACK)) $(FUZZ_OPTIONS)))

## make mutants      kernels with one protection taken out: is each killed? MUTANTS=, THIRD= choose
mutants:
	@$(qemu_check)
	@$(PYTHON) tests/mutants $(if $(MUTANTS),--mutants $(call quote,$(MUTANTS))) \
	    $(if $(THIRD),--third $(THIRD)) $(MAKE_OPTIONS) $(JOBS_OPTION)

## make check        the checks of the tree and the runner's own tests
check:
	@$(RUN) --row checks --row self

## make model        check the model of the promise, and that each of its guards is needed
model:
	@tools/need spin cross:gcc
	@$(PYTHON) tests/model/model.py
