# Starting the ISO in an emulator.
#
# Words that change the machine:
#   CPU=max         the CPU model: qemu64, max, ... (`qemu-system-x86_64 -cpu help`)
#   SMP=4           how many CPUs
#   MEM=512         memory in MiB, or with a suffix: 8G
#   ACCEL=tcg       the accelerator; kvm where there is one
#   MACHINE=pc      pc or q35
#   FIRMWARE=bios   bios, or uefi for OVMF (always on q35)
#   SCREEN=         gtk, sdl or vnc=:0 for a window as well: text by BIOS, graphics by UEFI
CPU      := max
SMP      := 4
MEM      := 512
ACCEL    := tcg
FIRMWARE := bios
MACHINE  := $(if $(filter uefi,$(FIRMWARE)),q35,pc)
SCREEN   :=

.PHONY: run run-ready shell debug debug-ready gdb bench bench-ready latency latency-ready bochs bochs-fault bochs-lost

QEMU     := qemu-system-x86_64
OVMF     := $(firstword $(wildcard /usr/share/ovmf/OVMF.fd /usr/share/OVMF/OVMF.fd \
    /usr/share/qemu/OVMF.fd) /usr/share/ovmf/OVMF.fd)
QEMU_RUN  = $(QEMU) -M $(MACHINE) -accel $(ACCEL) -cpu $(call quote,$(CPU)) -smp $(SMP) -m $(MEM) \
    -cdrom $(call quote,$(ISO)) -net none -display $(or $(SCREEN),none) \
    $(if $(filter uefi,$(FIRMWARE)),-bios $(OVMF)) \
    -device isa-debug-exit,iobase=0xf4,iosize=4

# What a machine needs beyond tools/setup's `run`: tools/setup installs it, tools/need tells of it.
RUN_EXTRA  := $(if $(filter uefi,$(FIRMWARE)),$(OVMF))
qemu_check  = tools/need $(QEMU) $(RUN_EXTRA)

# The kernel leaves QEMU with status 33 after success (exit=1 on its command line).
qemu_status = status=$$?; case $$status in 0|33) ;; 35) echo "Tests failed."; exit 1;; \
    37) echo "The kernel panicked."; exit 1;; *) exit $$status;; esac

# After the set-up, make starts anew: what it looked for when it read this may be there only now.
AGAIN = +$(Q)$(MAKE) --no-print-directory

## make run          boot the ISO in QEMU; Ctrl-A X leaves. CPU= SMP= MEM= ACCEL= CMDLINE= change it
run: setup-run
	$(AGAIN) run-ready

run-ready: $(ISO_FILE)
	@$(qemu_check)
	@echo "Stalactite in QEMU: $(SMP) CPUs, $(MEM) MiB, $(FIRMWARE)." \
	    "Ctrl-A X leaves, Ctrl-A C is QEMU's own prompt."
	$(Q)$(QEMU_RUN) -serial mon:stdio; $(qemu_status)

## make shell        boot to the shell in user mode; Ctrl-A X leaves. The words of `make run` change it
shell: setup-run
	$(AGAIN) run-ready CMDLINE=$(call quote,$(strip shell=1 $(CMDLINE)))

# The debugger's port, on this machine alone. Each `make debug` that runs on it has a port of its own.
#   GDB_PORT=1234   where `make debug` waits, and `make gdb` connects if it is given
GDB_PORT      := 1234
GDB_PORT_FILE := build/gdb-port

## make debug        the same, waiting for gdb before the first instruction; see make gdb
debug: setup-run
	$(AGAIN) debug-ready

debug-ready: $(ISO_FILE)
	@$(qemu_check)
	@$(PYTHON) -c 'import socket, sys; socket.create_server(("127.0.0.1", int(sys.argv[1])))' \
	    $(GDB_PORT) 2>/dev/null || { echo "Port $(GDB_PORT) is taken or cannot be used, perhaps by" \
	    "another make debug: try make debug GDB_PORT=N with another number." >&2; exit 1; }
	@echo $(GDB_PORT) >$(GDB_PORT_FILE)
	@echo "QEMU waits for a debugger on port $(GDB_PORT). In a second terminal, here:"
	@echo
	@echo "    make gdb$(if $(filter-out release,$(VARIANT)), VARIANT=$(VARIANT))"
	@echo
	@echo "Ctrl-A X leaves."
	$(Q)$(QEMU_RUN) -serial mon:stdio -gdb tcp:127.0.0.1:$(GDB_PORT) -S; $(qemu_status)

# What gdb is told: the architecture first, or it cannot follow the CPU from real into long mode.
# boot_main is the first C function; only a hardware breakpoint works before it is in memory.
# Below this directory gdb may load what it finds beside a kernel: the commands `st ...`.
gdb_port     = $(if $(filter command,$(origin GDB_PORT)),$(GDB_PORT),$(or \
    $(shell cat $(GDB_PORT_FILE) 2>/dev/null),$(GDB_PORT)))
GDB_COMMANDS = -ex 'set architecture i386:x86-64' -ex 'set pagination off' \
    -ex 'target remote 127.0.0.1:$(gdb_port)' -ex 'hbreak boot_main'

## make gdb          gdb for the QEMU that `make debug` started here, with commands `st ...` (help st)
gdb: build/$(VARIANT)/kernel.elf
	@tools/need gdb
	gdb -q -iex $(call quote,add-auto-load-safe-path $(CURDIR)) $< $(GDB_COMMANDS)

# Counting instructions: one is one tick of the TSC, and every run counts the same. The CPU model is
# the one that the figures of other systems in docs/measures.md were taken with.
BENCH := *

## make bench        what the kernel costs, in guest instructions; BENCH=PATTERN, CMDLINE=stack=eager
bench: setup-run
	$(AGAIN) bench-ready

bench-ready: build/release/kernel.elf build/boot.tar
	@$(qemu_check)
	$(Q)$(QEMU) -M pc -accel tcg -cpu qemu64 -smp 1 -m $(MEM) -icount shift=0,sleep=off \
	    -rtc base=2025-01-01,clock=vm -net none -display none -serial stdio \
	    -device isa-debug-exit,iobase=0xf4,iosize=4 \
	    -kernel $< -initrd build/boot.tar -append $(call quote,$(CMDLINE) bench=$(BENCH) exit=1) </dev/null; $(qemu_status)

include make/bench.mk
include make/trace.mk

# How long interrupts stay off, in the kernel that times it: docs/latency.md.
LATENCY_MEM ?= 1024
LATENCY_SMP ?= 1

## make latency      the longest sections with interrupts off, with 100,000 threads; CMDLINE=stack=lend
latency: setup-run
	$(AGAIN) latency-ready

latency-ready: build/latency/kernel.elf build/boot.tar
	$(Q)$(QEMU) -M pc -accel tcg -cpu qemu64 -smp $(LATENCY_SMP) -m $(LATENCY_MEM) \
	    -icount shift=0,sleep=off -rtc base=2025-01-01,clock=vm -net none -display none \
	    -serial stdio -device isa-debug-exit,iobase=0xf4,iosize=4 \
	    -kernel $< -initrd build/boot.tar \
	    -append '$(CMDLINE) bench=irq_off_longest exit=1' </dev/null; $(qemu_status)

# Bochs: its debugger on this terminal, the serial line in a file, the screen in a window where
# there is a display, else for a VNC viewer on port 5900.
#   BOCHS_PROGRAM=bochs  the Bochs that make bochs, bochs-fault and bochs-lost start
#   PROGRAM=        name of a user program: its symbols are loaded, too, as PROGRAM:name
#   STEP=           1: make bochs-fault and make bochs-lost stop at each stage
#   WALK=           pager: make bochs-fault follows a program's page fault to its pager and back
#   ENTRY=          fred: it does so where events enter by FRED; needs a BOCHS_PROGRAM that has it
BOCHS_PROGRAM := bochs
BOCHS_CPU     := tigerlake
BOCHS_MEM     := 512
BOCHS_SMP     := 2
BOCHS_SCREEN  := $(if $(and $(DISPLAY),$(wildcard /usr/lib/*/bochs/plugins/libbx_x_gui.so)),x,rfb)
BOCHS_OPTIONS := $(if $(filter rfb,$(BOCHS_SCREEN)),$(comma) options="timeout=0")
PROGRAM       :=
STEP          :=
WALK          :=
ENTRY         :=
bochs_check   = tools/need $(BOCHS_PROGRAM) /usr/share/bochs/BIOS-bochs-latest \
    /usr/share/vgabios/vgabios.stdvga.bin

ifneq ($(filter-out $(USER_PROGRAMS),$(PROGRAM)),)
$(error No user program is named '$(filter-out $(USER_PROGRAMS),$(PROGRAM))'; there are: $(USER_PROGRAMS))
endif

# What the debugger does first: it loads symbols.
BOCHS_USER_SYMBOLS := $(PROGRAM:%=$(USER_OUT)/%.sym)
build/bochs/commands: FORCE $(BOCHS_USER_SYMBOLS)
	@mkdir -p $(@D)
	$(Q)for file in build/$(VARIANT)/kernel.sym $(BOCHS_USER_SYMBOLS); do \
	    sed "s|@SYM@|$$file|" tools/debug/bochs-commands.in; done >$@

## make bochs        boot the same ISO in Bochs, in its debugger, with the kernel's symbols; PROGRAM=NAME adds its
bochs: $(ISO_FILE) build/$(VARIANT)/kernel.elf build/bochs/commands
	@$(bochs_check)
	$(Q)sed -e $(call quote,s|@ISO@|$(ISO)|; s|@CPU@|$(BOCHS_CPU)|; s|@SMP@|$(BOCHS_SMP)|) \
	    -e 's|@MEM@|$(BOCHS_MEM)|g; s|@SCREEN@|$(BOCHS_SCREEN)$(BOCHS_OPTIONS)|' \
	    -e 's|@SERIAL@|build/bochs/serial.txt|; s|@LOG@|build/bochs/log.txt|' \
	    tools/debug/bochsrc.in >build/bochs/bochsrc
	@rm -f build/bochs/serial.txt
	@echo "Stalactite in Bochs: $(BOCHS_SMP) CPUs of model $(BOCHS_CPU), $(BOCHS_MEM) MiB."
	@echo "Serial line:  tail -F build/bochs/serial.txt     (in a second terminal)"
	@echo "Screen:       $(if $(filter rfb,$(BOCHS_SCREEN)),a VNC viewer on localhost:5900,a window)"
	@echo "Debugger: c continues, Ctrl-C stops, lb \"panic\" sets a breakpoint, q leaves."
	$(Q)$(BOCHS_PROGRAM) -q $$($(BOCHS_PROGRAM) --help 2>&1 </dev/null | grep -m1 -o -e '-debugger') \
	    -f build/bochs/bochsrc -rc build/bochs/commands

# The walks run by themselves, print what the debugger reads, and end. STEP=1 stops at each stage.
BOCHS_WALK_OPTIONS = --bochs $(BOCHS_PROGRAM) $(if $(STEP),--step)

## make bochs-fault  walk through the first stack fault, in Bochs; WALK=pager ENTRY=fred STEP=1 change it
ifeq ($(WALK),pager)
bochs-fault: build/release/kernel.elf build/boot.tar
	@$(bochs_check) gdb
	@$(MAKE) --no-print-directory iso VARIANT=release \
	    CMDLINE='$(PAGER_CMDLINE)$(if $(ENTRY), entry=$(ENTRY))' ISO=build/bochs/pager.iso
	@$(PYTHON) tools/debug/bochs_pager.py --iso build/bochs/pager.iso \
	    --kernel build/release/kernel.elf $(BOCHS_WALK_OPTIONS) $(if $(filter fred,$(ENTRY)),--fred)
else
bochs-fault: build/release/kernel.elf build/boot.tar
	@$(bochs_check) gdb
	@$(MAKE) --no-print-directory iso VARIANT=release CMDLINE='$(FAULT_CMDLINE)' \
	    ISO=build/bochs/fault.iso
	@$(PYTHON) tools/debug/bochs_fault.py --iso build/bochs/fault.iso \
	    --kernel build/release/kernel.elf $(BOCHS_WALK_OPTIONS)
endif

## make bochs-lost   watch an interrupt get lost on a hole, and what is left of it; STEP=1 stops
bochs-lost: build/lost/kernel.elf build/release/kernel.elf
	@$(bochs_check) gdb
	@$(MAKE) --no-print-directory iso VARIANT=lost CMDLINE='$(LOST_CMDLINE)' ISO=build/bochs/lost.iso
	@$(MAKE) --no-print-directory iso VARIANT=release CMDLINE='$(LOST_CMDLINE)' \
	    ISO=build/bochs/sound.iso
	@$(PYTHON) tools/debug/bochs_lost.py $(BOCHS_WALK_OPTIONS)

FAULT_CMDLINE = demo=1
LOST_CMDLINE = test=EVT0002 exit=1
PAGER_CMDLINE = test=TOY0001 exit=1
