# Lab @N@: @TITLE@. The kernel's command line of this lab, and the grader.
#
#   ITEM=     the one item of lab/points.toml to grade
#   NEW=      a fresh tree of your teachers, for make update
ITEM    :=
NEW     :=
CMDLINE := @CMDLINE@
# The bounds of stacks are not computed: that needs facts about the finished kernel.
STACK_BOUNDS = echo '{}' >$@; :

# Goals whose tools a student's tree does not have: `make help` leaves them out.
NOT_HERE := test test-fred test-in check mutants model host-test next-id book pictures screenshot stack-bounds \
    options-page protocols-page syscalls-page bench-record bench-chapter bench-pictures trace-pictures
gone := $(filter $(NOT_HERE),$(MAKECMDGOALS))
ifneq ($(gone),)
$(error make $(firstword $(gone)) is not in a tree of a lab. Here it is make grade, or make test-quick TESTS=STK0001)
endif

.PHONY: grade update

## make grade        build, run the tests of this lab, and show points and reasons; ITEM= picks one
grade:
	@tools/need $(QEMU)
	@$(PYTHON) tools/lab/grade.py $(if $(ITEM),--item $(call quote,$(ITEM)))

## make update       put your work into NEW=, a fresh tree of this lab
update:
	@$(PYTHON) tools/lab/carry.py . $(call quote,$(NEW))
