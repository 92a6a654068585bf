# `make test`: everything that can be tested, with one line at the end. The runner asks make for
# the kernels and ISOs that its rows need, so no rule for them stands here.
#
# Words that change what is tested:
#   ROWS=     only these rows, or checks, self, host, stacks, mutants, model: ROWS="pvh-* checks"
#   TESTS=    only these in-kernel tests: TESTS=STK*,MAG0001
#   JOBS=     how many machines, and compilers, at a time; the number of CPUs when left out
#   SUITE=    the release of Debian that make test-in tests in, such as trixie
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)

JOBS_OPTION  = $(if $(JOBS),--jobs '$(JOBS)')
TEST_OPTIONS = $(foreach row,$(ROWS),--row '$(row)') $(if $(TESTS),--test '$(TESTS)') $(JOBS_OPTION)

.PHONY: test test-fred test-quick test-in soak mutants check model

## make test         every test there is; ends with "N passed, N failed". ROWS= and TESTS= choose
test: setup-test
	@$(PYTHON) tests/run $(TEST_OPTIONS)

## make test-fred    the tests that need FRED, in the Bochs that BOCHS= names if it has FRED
test-fred: setup-test
	@BOCHS='$(BOCHS)' $(PYTHON) tests/run --row 'fred-*' $(if $(TESTS),--test '$(TESTS)') \
	    $(JOBS_OPTION)

## make test-quick   the in-kernel tests on one machine, for right after an edit; TESTS= chooses
test-quick:
	@$(PYTHON) tests/run --quick $(TEST_OPTIONS)

## make test-in      `make test CI=true` in a Debian of its own: SUITE=trixie ROWS=checks; needs root
test-in:
	@tools/build/test-in '$(SUITE)' $(if $(ROWS),'ROWS=$(ROWS)') $(if $(TESTS),'TESTS=$(TESTS)')

## make soak         everything at once for SECONDS= (60) from SEED= (1); STACK=, CPU=, SOAK_DOMAINS=,
##                   SOAK_OPTIONS="words for the kernel" change the machine
soak: build/$(VARIANT)/kernel.elf
	@$(PYTHON) tests/boot/soak.py --seconds $(or $(SECONDS),60) --seed $(or $(SEED),1) \
	    --build $(VARIANT) $(if $(CPU),--cpu $(CPU)) \
	    $(if $(SOAK_DOMAINS),--domains $(SOAK_DOMAINS)) \
	    --options '$(strip $(if $(STACK),stack=$(STACK)) $(SOAK_OPTIONS))'

## make mutants      kernels with one protection taken out: is each killed? MUTANTS= and THIRD= choose
mutants:
	@$(PYTHON) tests/mutants.py $(if $(MUTANTS),--mutants '$(MUTANTS)') \
	    $(if $(THIRD),--third $(THIRD)) $(JOBS_OPTION)

## make check        the checks of the tree and the runner's own tests
check:
	@$(PYTHON) tests/run --row checks --row self $(JOBS_OPTION)

## make model        check the model of the promise, and that each of its guards is needed
model: setup-test
	@$(PYTHON) tests/model/model.py
