# The figures of every way to build a kernel stack, as records, tables, plots and a page; and what changed
# between two commits. docs/measures.md tells how they are taken, docs/comparison.md what they say.
#
#   MODES=    only these ways to build stacks: MODES=eager,fault (tools/bench/machine.py:MODES)
#   SEEDS=1,2,3  where the random choices of the scenarios begin
#   BOCHS=    a Bochs that has FRED, from the environment or here: bench-report compares both ways in there
#   A= B=     the commits that make bench-compare compares; without A= this tree and the record
MODES :=
SEEDS := 1,2,3
A     :=
B     := HEAD

# Installed for these goals alone, as no test needs them.
REPORT_TOOLS := gnuplot python:jinja2

#   COUNTS=   how many blocked threads make million has, one run for each
#   THREADS=user  user threads asleep in IPC instead, with ipc=keep and ipc=handoff; then as many as fit
COUNTS := 1000,10000,100000,1000000
THREADS := kernel
MILLION_MIB := 640

.PHONY: bench-report bench-report-ready bench-compare bench-pictures bench-chapter bench-record million million-ready

## make bench-report all figures for each mode, to build/bench: tables, plots, report.html; ACCEL=kvm BOCHS=PATH
bench-report:
	@tools/setup run $(REPORT_TOOLS)
	$(AGAIN) bench-report-ready

bench-report-ready: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) $(REPORT_TOOLS)
	@BOCHS=$(call quote,$(BOCHS)) $(PYTHON) tools/bench/report.py --modes $(call quote,$(MODES)) \
	    --seeds $(call quote,$(SEEDS)) \
	    --bench $(call quote,$(BENCH)) --accel $(call quote,$(ACCEL))

## make bench-pictures take the book's picture of the memory of blocked threads anew
bench-pictures: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) $(REPORT_TOOLS)
	@$(PYTHON) tools/bench/report.py --modes eager,fault,lend-intel,lend-amd,prefault \
	    --bench macro_blocked --seeds 1 --out build/bench-pictures
	$(Q)cp build/bench-pictures/macro_blocked_stack_kib-1-512.svg docs/images/blocked-memory.svg

## make bench-chapter put the figures of build/bench, from make bench-report, into the tables of docs/comparison.md
bench-chapter:
	@$(PYTHON) tools/bench/chapter.py

# The record is tests/bench/landed.json. These rows are booted and compared with it in every run of all tests, too.
RECORD_ROWS := $(foreach mode,$(or $(subst $(comma), ,$(MODES)),fault eager lend prefault),--row bench-$(mode))

## make bench-compare what changed in the figures since the record, or from commit A= to B=; largest change first
bench-compare:
	@tools/need $(QEMU) git
	@$(if $(A),$(PYTHON) tools/bench/compare.py $(call quote,$(A)) $(call quote,$(B)) \
	    $(if $(MODES),--modes $(call quote,$(MODES))) --bench $(call quote,$(BENCH)), \
	    $(if $(filter-out HEAD,$(B)),$(error B= needs A=: make bench-compare A=COMMIT B=COMMIT)) \
	    $(if $(filter-out *,$(BENCH)),$(error BENCH= needs A=, a commit)) $(RUN) $(RECORD_ROWS))

## make bench-record  write the figures of this commit to tests/bench/landed.json (CONTRIBUTING.md says when)
bench-record:
	@tools/need $(QEMU) git
	@$(PYTHON) tools/bench/landed.py clean
	@$(RUN) --record-figures $(RECORD_ROWS)

## make million      1,000,000 blocked kernel threads in 640 MiB, and what each costs; COUNTS= THREADS=user
million:
	@tools/setup run gnuplot
	$(AGAIN) million-ready

million-ready: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU) gnuplot
	@$(PYTHON) tools/bench/million.py --counts $(call quote,$(COUNTS)) --memory $(MILLION_MIB) \
	    $(if $(filter user,$(THREADS)),--user)

.PHONY: million-picture

## make million-picture put the plot of the last make million into the book
million-picture:
	$(Q)cp build/bench/million.svg docs/images/million.svg

.PHONY: shell-figures

## make shell-figures what the shell's system costs with each stack=, and its kernel stacks under load
shell-figures: build/release/kernel.elf build/boot.tar
	@tools/need $(QEMU)
	@$(PYTHON) tests/boot/shell_figures.py

.PHONY: lines
#   FOLDERS=  count the folders in these instead: FOLDERS="user kernel"
FOLDERS :=

## make lines        lines of source by folder, code and others; FOLDERS="user kernel" goes into these
lines:
	@$(PYTHON) tools/bench/lines.py $(FOLDERS)
