# `make test`: everything that can be tested, with one line at the end. The runner asks make for
# the kernels and ISOs that its rows need, so nothing else stands here. ROWS="pvh-* checks" runs
# only what matches.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
export PYTHON

.PHONY: test test-quick check

test:
	@$(PYTHON) tests/run $(foreach row,$(ROWS),--row '$(row)')

test-quick:
	@$(PYTHON) tests/run --quick

check:
	@$(PYTHON) tests/run --row checks --row self
