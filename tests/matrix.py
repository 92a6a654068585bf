"""The matrix: every machine that `make test` boots.

Each row describes one machine. runner/row.py explains the fields. `budget_seconds` is the time that
the suite may take. A machine that runs longer than `limit_seconds` counts as hung. That limit is
generous, because two cores may run four virtual CPUs.
"""

from dataclasses import replace

from runner.row import Row

# Each row has the whole suite, unless a second row tells the rest. Rows without `cpu` have QEMU's own
# choice, qemu64, and rows without `stack=` have stack=fault; stack-fault-amd has the CPU model max. The
# medium of an ISO ends with the boot loader, so USB has only the tests of what the loader says.
ABOUT_BOOT = "BTI*,ACP*,APC*,SMP*,PRG*,DEV*,PAG*,FRM*"
SUITE = (
    Row("pvh-1cpu", cpus=1),
    Row("pvh-2cpus", cpus=2, quick=True),
    Row("pvh-4cpus", cpus=4, memory_mib=512),
    Row("iso-bios-cd", boot="bios-cd", rotates="machine"),
    Row("iso-bios-usb", boot="bios-usb", tests=ABOUT_BOOT),
    Row("iso-uefi-cd", boot="uefi-cd", machine="q35", rotates="machine"),
    Row("iso-uefi-usb", boot="uefi-usb", machine="q35", tests=ABOUT_BOOT),
    Row("machine-q35", machine="q35", tests=f"{ABOUT_BOOT},EVT*,CLK*,KBD*"),
    Row("cpus-spare", cpus=4, cmdline="cpus=2", tests="SMP*,APC*"),
    Row("gate-32cpus", cpus=32, tests="GAT0002,GAT0006,GAT0021"),
    Row("memory-32m", memory_mib=32, rotates="machine"),
    Row("memory-8g", memory_mib=8192, rotates="machine"),
    Row("memory-crowd", memory_mib=1024, tests="UTH0020", budget_seconds=120, rotates="long"),
    *(Row(f"stack-{mode}-amd", cpus=4, cpu="max", cmdline=f"stack={mode}")
      for mode in ("eager", "fault", "prefault")),
    # Only stack=lend asks for the vendor of the CPU (mm/stack_modes/stack_lend.h).
    Row("stack-lend-amd", cpus=4, cpu="max", cmdline="stack=lend", rotates="lend"),
    Row("stack-lend-intel", cpus=4, cpu="max,vendor=GenuineIntel", cmdline="stack=lend", rotates="lend"),
    # One of these five in each run.
    Row("ipc-handoff", cpus=4, cmdline="ipc=handoff", rotates="handoff"),
    *(Row(f"stack-{mode}-ipc-handoff", build="invariant", cpus=2, cmdline=f"ipc=handoff stack={mode}",
          rotates="handoff") for mode in ("eager", "fault", "lend", "prefault")),
    Row("stack-ages", build="invariant", cmdline="stack-shrink-age=1 stack-swap-age=1",
        rotates="invariant"),
    Row("stack-batched", build="invariant", cmdline="stack-free=batched stack-cache=8",
        tests="STK*,CAC*,GAT*,THR*,KIL*,OVF*"),
    Row("stack-uncached", cmdline="stack-cache=0", tests="STK*,CAC*,GAT*,THR*"),
    Row("domains", build="invariant", cpus=4, memory_mib=512, extra=(
        "-object", "memory-backend-ram,id=near,size=256M",
        "-object", "memory-backend-ram,id=far,size=256M",
        "-numa", "node,nodeid=0,cpus=0-1,memdev=near",
        "-numa", "node,nodeid=1,cpus=2-3,memdev=far"),
        tests="DOM*,STK*,CAC*,FR*,GAT*,SMP*,SLB*,THR*"),
    Row("build-invariant", build="invariant", cpus=4),
    Row("inject-both", cpus=4, cmdline="fault-inject=refill:2,reserve-only:5 seed=7",
        rotates="invariant"),
    Row("inject-reserve", build="invariant", cmdline="fault-inject=refill:7,reserve-only:2 seed=11",
        rotates="invariant"),
    Row("build-ubsan", build="ubsan", rotates="build"),
    Row("build-O0", build="O0", rotates="build"),
    Row("build-clang", compiler="clang", rotates="build"),
    *(Row(f"bochs-tigerlake-{part}", emulator="bochs", boot="bios-cd", cpu="tigerlake",
          limit_seconds=900, tests=tests, rotates="bochs")
      for part, tests in (("a-to-o", "[A-O]*"), ("p-to-z", "[P-Z]*"))),
)

# These machines come up, print that, and end. Without the port for the status they power off.
UP = r"Stalactite is up"
BOOT = (
    Row("boot-64cpus", kind="boot", cpus=64, memory_mib=1024, expect=(r"64 CPUs online", UP)),
    Row("boot-16m", kind="boot", memory_mib=16, expect=(r"2 CPUs online", UP)),
    Row("boot-16g", kind="boot", memory_mib=16384, expect=(r"2 CPUs online", UP)),
    Row("boot-no-acpi", kind="boot", machine="pc,acpi=off", expect=(UP,)),
    Row("boot-no-hpet", kind="boot", machine="pc,hpet=off", expect=(r"2 CPUs online", UP),
        forbid=(r"\[   0\.000000\] (boot|cpu|acpi|entry|lapic|clock):",)),
    Row("boot-bad-options", kind="boot",
        cmdline="stack=lent prefault=maybe entry=fred magazine=3 stack-cache=9 stack-free=later cpus=0 "
        "nonsense foo=bar", expect=(
        r"stack=lent is not valid", r"prefault=maybe is not valid, prefault takes rule.check; ignored",
        r"magazine=3 is not valid, magazine takes 7-64 pages; ignored",
        r"stack-cache=9 is not valid, stack-cache takes 0-8 stacks; ignored",
        r"stack-free=later is not valid, stack-free takes immediate.batched; ignored",
        r"cpus=0 is not valid", r"'nonsense' is not of the form name=value; ignored",
        r"there is no option 'foo'; ignored",
        r"entry=fred: this CPU has no FRED; events enter by the IDT", r"2 CPUs online", UP)),
    Row("boot-intel", kind="boot", cpu="max,vendor=GenuineIntel", expect=(
        r"2 CPUs online", UP, r"^CPU .* pages +ticks left$", r"the least of 5 rounds")),
)


# These machines print costs, with one guest instruction a tick. The figures are not judged.
COUNTED = ("-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm")
FIGURES = (r"switch \d+ instructions", r"thread_cycle_cold \d+ instructions",
           r"thread_cycle_cached \d+ instructions", r"idle_thread_bytes \d+ bytes",
           r"alloc_free \d+ instructions",
           r"cache_hit_percent_immediate \d+ percent", r"cache_hit_percent_batched \d+ percent",
           r"cache_hit_percent_bursts_immediate \d+ percent",
           r"cache_hit_percent_bursts_batched \d+ percent", r"fault_moved \d+ instructions",
           r"fault_direct \d+ instructions", r"lock_spin \d+ instructions",
           r"lock_mutex \d+ instructions", r"shootdown \d+ instructions",
           r"thread_cycle_batched \d+ instructions", r"swap_out_one_896 \d+ instructions",
           r"tick \d+ instructions", r"tick_preempt \d+ instructions",
           r"user_fault \d+ instructions", r"user_thread_cycle \d+ instructions",
           r"task_cycle \d+ instructions", r"spawn_cycle \d+ instructions",
           r"user_thread_bytes \d+ bytes", r"syscall_null \d+ instructions",
           r"clock_read_call \d+ instructions", r"clock_read_page \d+ instructions",
           r"port_read_call \d+ instructions",
           r"ipc_roundtrip \d+ instructions", r"ipc_roundtrip_4k \d+ instructions",
           r"ipc_roundtrip_mixed \d+ instructions", r"notify_roundtrip \d+ instructions",
           r"pager_fault \d+ instructions", r"pager_fault_fresh \d+ instructions")
FAULTS = (r"stack_fault_1 \d+ instructions", r"stack_fault_2 \d+ instructions",
          r"stack_fault_3 \d+ instructions",
          r"gate \d+ instructions", r"refill \d+ instructions", r"refill_3 \d+ instructions",
          r"refill_reserve \d+ instructions", r"refill_reclaim \d+ instructions",
          r"ensure \d+ instructions")

SLEEPING = (r"blocked_thread_bytes \d+ bytes",
            r"memory_idle_bytes \d+ bytes", r"memory_idle_swapped_bytes \d+ bytes",
            r"memory_deep_bytes \d+ bytes", r"memory_deep_shrunk_bytes \d+ bytes",
            r"memory_deep_swapped_bytes \d+ bytes",
            r"swap_out \d+ instructions", r"swap_in \d+ instructions", r"shrink \d+ instructions",
            r"bounce_faults \d+ faults in 100 wakes")


def measures(stack, figures):
    """Returns a row whose machine prints these figures."""
    return Row(f"bench-{stack}", kind="boot", cpus=1, extra=COUNTED, ordered=False,
               cmdline=f"bench=* stack={stack}", limit_seconds=900,
               expect=(*(rf"^BENCH {figure}$" for figure in figures), r"leaving: success"))


# Counts instructions, with x2APIC if QEMU has it: x2APIC allows fewer accesses (lapic_count_read).
BOOT += (Row("boot-counted", kind="boot", cpu="max", extra=COUNTED, expect=(
    r"2 CPUs online", UP, r"^CPU .* pages +instr left$", r" buffer_fill +13312 +\+3 +\d+ ",
    r'"instr": guest instructions')),)

# A scenario with several CPUs, in the build that checks its own assumptions.
SCENARIO = (Row("bench-scenario", kind="boot", build="invariant", cpus=2, ordered=False,
                rotates="long", cmdline="bench=macro_churn,macro_server,macro_build", limit_seconds=600,
                expect=(r"^BENCH macro_churn_stack_mean [1-9]\d* KiB$",
                        r"^BENCH macro_server_faults [1-9]\d* faults$",
                        r"^BENCH macro_build_faults [1-9]\d* faults$", r"leaving: success")),)

# The boot to the shell: without a prompt there are no figures.
SESSION = (Row("bench-session", kind="boot", cpus=1, extra=COUNTED, cmdline="bench=macro_session",
               expect=(r"^BENCH macro_session_instructions [1-9]\d* instructions$", r"leaving: success")),
           # Nor are there where any program of a scenario is missing, or ends wrongly.
           Row("bench-programs", kind="script", script="tests/boot/bench_programs.py", cpus=1, extra=COUNTED))

# Two CPUs under -icount: the counter has the instructions of both.
OTHER_CPU = (Row("bench-other-cpu", kind="boot", cpus=2, extra=COUNTED, limit_seconds=600,
                 cmdline="bench=ipc_roundtrip_other_cpu",
                 expect=(r"^# ipc_roundtrip_other_cpu: the instructions of all CPUs$",
                         r"^BENCH ipc_roundtrip_other_cpu \d+ instructions$", r"leaving: success")),)

# A small `make million`: more blocked threads than eager stacks would leave room for by a factor of 12.
MILLION = (Row("bench-million", kind="boot", cpus=1, extra=COUNTED, memory_mib=64, ordered=False,
               rotates="long", cmdline="bench=million bench-threads=50000", limit_seconds=600,
               expect=(r"^BENCH million_blocked 50000 threads$",
                       r"^BENCH million_right 50000 threads$", r"leaving: success")),)

BENCH = SCENARIO + SESSION + OTHER_CPU + MILLION + (
    measures("fault", FIGURES + FAULTS + SLEEPING), measures("eager", FIGURES + SLEEPING),
    measures("lend", FIGURES + SLEEPING), measures("prefault", FIGURES + SLEEPING))


# The latency build times sections with interrupts off. One machine has a long section on purpose,
# and the kernel must find it. Another machine runs as many threads as fit, and no section may grow
# with their number. The third has four CPUs, which wait for each other's locks.
LATENCY = (
    Row("latency-many", kind="boot", build="latency", cpus=1, extra=COUNTED, memory_mib=256,
        cmdline="bench=irq_off_longest", ordered=False,
        expect=(r"^# [23]\d{4} threads$", r"^# [23]\d{4} threads wait for memory$",
                r"^# (\d{4,5}) of \1 callers were told", r"^# (\d{4,5}) of \1 receivers were told",
                r"^# (\d{4,5}) of \1 waiters of a notification were told",
                r"^# a table of 16384 handles was closed$",
                r"^# a priority was passed along 100 calls: the lowest is (\d+) of \1$",
                r"^# 1 GiB with \d{4,6} pages was unmapped$",
                r"^# a task of \d{4,5} threads was ended$",
                r"^BENCH irq_off_longest \d+ instructions$", r"leaving: success"),
        forbid=(r"^# +([2-9]\d|\d{3,})\d{3} instructions, from ",
                r"found no place")),
    Row("latency-cpus", kind="boot", build="latency", cpus=4, extra=COUNTED, memory_mib=64,
        cmdline="bench=irq_off_longest", ordered=False,
        expect=(r"^# The sections that waited longest for locks, and how long:$",
                r"^# +\d+ instructions, from \w+\+0x\w+ to \w+\+0x\w+ \(\d+ times\)$",
                r"^BENCH lock_wait_longest [1-9]\d* instructions$", r"leaving: success"),
        forbid=(r"found no place",)),
    # A node of memory that has no CPU: a whole stack of 1 MiB is created there.
    Row("latency-far", kind="boot", build="latency", cpus=1, memory_mib=512,
        extra=(*COUNTED, "-object", "memory-backend-ram,id=near,size=256M",
               "-object", "memory-backend-ram,id=far,size=256M",
               "-numa", "node,nodeid=0,cpus=0,memdev=near", "-numa", "node,nodeid=1,memdev=far"),
        cmdline="bench=irq_off_far", ordered=False,
        expect=(r"^# 256 of 256 pages are of the other node$",
                r"^BENCH irq_off_far \d+ instructions$", r"leaving: success"),
        forbid=(r"^# +([2-9]\d|\d{3,})\d{3} instructions, from ", r"found no place")),
    Row("latency-planted", kind="boot", build="latency", cpus=1, extra=COUNTED,
        cmdline="bench=irq_off_planted",
        expect=(r"^# The longest sections with interrupts off:$",
                r"^# +30\d\d\d instructions, from planted_section\+0x\w+ to planted_section\+0x\w+ ",
                r"^BENCH irq_off_planted 30\d\d\d instructions$", r"leaving: success")),
)


def panics(name, test_id, *expect, **changes):
    """Returns a row whose machine must panic in a test that only its whole id selects."""
    return Row(f"panic-{name}", kind="panic", cmdline=f"test={test_id}", expect=expect, **changes)


FAULT = r"^PANIC: page fault in the kernel: code at 0xf\w+ "
STRAY = r"^PANIC: stray access: code at 0xf\w+ touched 0xf\w+, "
OF_LIAR = r".*it is the stack of thread \d+ \(liar\), which waits in schedule.* < semaphore_down < liar"
OVERFLOW = r"^PANIC: stack overflow of thread \d+ \(PAN\d+\) "
RECURSION = r"#\d+ +0x\w+ descend\S* +and [45]\d times more$"
IN_ENTRY = r"^PANIC: page fault on an entry stack: code at 0xf\w+ touched 0x0+dead000 "
PANIC = (
    panics("null", "PAN0001", FAULT + "read from 0x0+8, where nothing is mapped: a null pointer$",
           r"^Registers of the code that #PF page fault interrupted \(error code 0x0,",
           r"^  rip ", r"^Backtrace", r"test_run_PAN0001\S+ +<- interrupted by #PF",
           r"thread_trampoline", r"^CPU \d, thread PAN0001", r"^Stack pointer .*: slot \d+"),
    panics("text", "PAN0002", FAULT + r"wrote to 0xffffffff8\w+, where the page's rights forbid it$",
           r"test_run_PAN0002\S+ +<- interrupted by #PF"),
    panics("data-executed", "PAN0003", FAULT + r"jumped to 0xf\w+, where the page's rights forbid"),
    panics("stack-executed", "PAN0004",
           r"^PANIC: page fault on a backed stack page: .*a stack may not be executed"),
    panics("protection", "PAN0005", r"^PANIC: #GP general protection in the kernel at 0xf",
           r"test_run_PAN0005\S+ +<- interrupted by #GP"),
    panics("opcode", "PAN0006", r"^PANIC: #UD invalid opcode in the kernel at 0xf",
           r"test_run_PAN0006\S+ +<- interrupted by #UD"),
    panics("stray-hole", "PAN0010", r"^PANIC: stray access: .*a hole of another thread's stack "
           r"\(slot \d+; this CPU uses slots", r"test_run_PAN0010\S+ +<- interrupted by #PF"),
    panics("stray-guard", "PAN0011",
           r"^PANIC: stray access: .*the guard of another thread's stack"),
    panics("lent-taken", "PAN0060", STRAY + r"a page of another thread's stack, unmapped while "
           r"it sleeps \(slot \d+; " + OF_LIAR, r"test_run_PAN0060\S+ +<- interrupted by #PF"),
    panics("lent-swapped", "PAN0061", STRAY + r"a swapped-out page of another thread's stack \(slot "
           r"\d+; " + OF_LIAR, r"test_run_PAN0061\S+ +<- interrupted by #PF"),
    panics("lent-alias", "PAN0062", r"^PANIC: the swapped-out stack of slot \d+ was written at 0xf\w+"
           r" while it was away", r"semaphore_up", build="invariant"),
    panics("no-cover", "PAN0012", r"^PANIC: critical stack fault: 0xf\w+ needs 1 pages, but this "
           r"CPU's magazine has only 0 of 8; the dispatch gate", r"magazine: 0 of 8 rounds"),
    Row("panic-no-gate", kind="panic", cmdline="test=PAN0013 gate=off", cpus=1, expect=(
        r"^PANIC: critical stack fault: 0xf\w+ needs [123] pages, but this CPU's magazine has only "
        r"[0-2] of 8", r"^This CPU's magazine lately", r"rounds, \d more needed, [0-2] after")),
    panics("overflow-spinlock", "PAN0020", OVERFLOW + r"while it held a spinlock", RECURSION,
           r"thread_begin", r"preemption off 1 times"),
    panics("overflow-interrupts-off", "PAN0021", OVERFLOW + r"with interrupts off", RECURSION),
    panics("overflow-mutex", "PAN0022", OVERFLOW + r"while it held a mutex", RECURSION),
    panics("overflow-may-not-die", "PAN0023",
           OVERFLOW + r"in a thread that the kernel cannot do without", RECURSION),
    panics("words", "PAN0024", r"^PANIC: this is the test's own panic, number 24$",
           r"^Backtrace", r"test_run_PAN0024", *(rf"^CPU {cpu} magazine: \d of 8" for cpu in range(4)),
           cpus=4),
    panics("nmi-fault", "PAN0030", IN_ENTRY, r"^Registers of the code that #PF page fault",
           r"^Registers of the code that NMI", r"nmi_touch\S+ +<- interrupted by #PF", r"entry_nmi",
           r"<- interrupted by NMI", r"nmi_victim", r"test_run_PAN0030",
           r"^Stack pointer \w+: NMI entry stack of CPU"),
    panics("nmi-hole", "PAN0031", r"^PANIC: stack fault on an entry stack: code at 0xf\w+ on the NMI "
           r"entry stack touched", r"nmi_touch", r"<- interrupted by NMI", build="invariant"),
    panics("interrupt-fault", "PAN0032", IN_ENTRY, r"^Registers of the code that #PF page fault",
           r"^Registers of the code that test", r"interrupt_touch\S+ +<- interrupted by #PF",
           r"<- interrupted by test", r"test_run_PAN0032"),
    panics("entry-overflow", "PAN0033", r"^PANIC: overflow of the interrupt entry stack of CPU \d:",
           r"handler_descend.* and 1\d\d times more$", r"<- interrupted by test",
           r"test_run_PAN0033"),
    panics("entry-overflow-nmi", "PAN0034", r"^PANIC: overflow of the NMI entry stack of CPU \d:",
           r"handler_descend.* and 1\d\d times more$", r"<- interrupted by NMI", r"nmi_victim"),
    panics("entry-overflow-far", "PAN0035",
           r"^PANIC: overflow of the interrupt entry stack of CPU \d:",
           r"interrupt_far_local\S+ +<- interrupted by #[PD]F"),
    panics("double-fault", "PAN0036", r"^PANIC: double fault at 0xf\w+, stack pointer 0xf",
           r"test_run_PAN0036\S+ +<- interrupted by #DF"),
    panics("nested-fault", "PAN0037", IN_ENTRY, r"^Registers of the code that #PF",
           r"^Registers of the code that #PF", r"observer_touch\S+ +<- interrupted by #PF",
           r"test_run_PAN0037\S+ +<- interrupted by #PF"),
    panics("system-call", "PAN0038", r"^PANIC: SYSCALL in the kernel at 0x\w+: only user mode makes "
           r"system calls$", r"fred_software", r"fred_entry_kernel"),
    panics("software-interrupt", "PAN0039", r"^PANIC: INT 0x80 in the kernel at 0x\w+: nothing",
           r"fred_software", r"fred_entry_kernel"),
    panics("mutex-twice", "PAN0050", r"^PANIC: thread \d+ \(PAN0050\) takes mutex 'first', which it "
           r"holds already$"),
    panics("mutex-not-held", "PAN0051", r"^PANIC: thread \d+ \(PAN0051\) gives up mutex 'first', "
           r"which it does not hold$"),
    panics("mutex-at-exit", "PAN0052",
           r"^PANIC: thread \d+ \(PAN0052\) exits while it holds 1 mutexes and 0 spinlocks$"),
    panics("mutex-order", "PAN0053", r"^PANIC: lock order: mutex 'first' is taken while 'second' is "
           r"held, and elsewhere", r"test_run_PAN0053", build="invariant"),
    panics("mutex-in-spinlock", "PAN0054", r"^PANIC: thread \d+ \(PAN0054\) may have to wait for "
           r"mutex 'first' while it holds 1 spinlocks, interrupts on$", build="invariant"),
    panics("wait-interrupts-off", "PAN0055", r"^PANIC: thread \d+ \(PAN0055\) may have to wait for "
           r"semaphore '' while it holds 0 spinlocks, interrupts off$", build="invariant"),
    panics("spinlock-order", "PAN0056", r"^PANIC: lock order: 'left' is taken while 'right' is held, "
           r"and elsewhere it is the other way round: '.*', '.*'$", build="invariant"),
    panics("spinlock-twice", "PAN0057", r"^PANIC: spinlock 'left' is taken twice by the same CPU$",
           build="invariant"),
    panics("sleep-in-spinlock", "PAN0058", r"^PANIC: thread \d+ \(PAN0058\) waits while it holds 1 "
           r"spinlocks besides the queue's$", r"thread_sleep_ns", build="invariant"),
    panics("joined-twice", "PAN0059", r"^PANIC: thread object 0x\w+ is given back twice: look for who "
           r"joins a thread a second time$", r"thread_join", r"test_run_PAN0059"),
    panics("log-first", "PAN0080", r"^PANIC: after the line$",
           before=(r"^\[.*\] logged before the panic$",)),
    panics("lent-port", "PAN0082", r"^PANIC: the test's own panic, while a program has the serial "
           r"port$", before=(r"^\[.*\] a line that the program did not take",)),
    panics("site-rule-1", "PAN0070", r"^PANIC: rule 1 of the sites where interrupts or preemption "
           r"go off is broken: here it is not so that only threads with whole stacks", build="invariant"),
    panics("site-rule-2", "PAN0071", r"^PANIC: rule 2 of the sites where interrupts or preemption "
           r"go off is broken: here it is not so that the stack in use is whole", build="invariant"),
    panics("site-rule-3", "PAN0072", r"^PANIC: rule 3 of the sites where interrupts or preemption "
           r"go off is broken: here it is not so that interrupts or preemption are off", build="invariant"),
    panics("site-rule-4", "PAN0073", r"^PANIC: rule 4 of the sites where interrupts or preemption "
           r"go off is broken: here it is not so that interrupts and preemption are on", build="invariant"),
    Row("panic-site-rule-5", kind="panic", build="invariant", cmdline="test=PAN0074 stack=prefault",
        expect=(r"^PANIC: rule 5 of the sites where interrupts or preemption go off is broken: "
                r"both were on, and the stack is not backed a page below",)),
)

# Machines that cannot run the kernel. It prints the reason, without a console, and ends.
REFUSED = (
    # Without the archive: QEMU would put it into the 2 MiB, over the kernel's image.
    Row("refused-2m", kind="boot", status=37, memory_mib=2, archive=False,
        expect=(r"^Stalactite does not fit into this machine's memory; 16 MiB are enough\.$",)),
    Row("refused-no-long-mode", kind="boot", status=37, cpu="qemu32",
        expect=(r"^Stalactite needs a 64-bit x86 CPU; this one has no long mode\.$",)),
)

# A kernel that is built wrong on purpose, as a demonstration. Interrupts, NMI and #DB enter on the
# thread's stack, and are lost if their frame would touch a missing page. The machine has one CPU,
# because other CPUs would lose their ordinary interrupts, too.
LOST = r": lost at 48 of 48 lethal offsets above the edge and at 16 of 16 below it; in-service bit "
LESSON = (
    Row("lesson-lost-events", kind="lesson", build="lost", cpus=1, tests="EVT000[1-5]", ordered=False,
        expect=(
            "timer" + LOST + r"left set 64 times$", r"^ok \d+ EVT0001 ",
            "self-IPI" + LOST + r"left set 64 times$", r"^ok \d+ EVT0002 ",
            "NMI" + LOST + r"left set 0 times$", r"^ok \d+ EVT0003 ",
            "data breakpoint" + LOST + r"left set 0 times$", r"^ok \d+ EVT0004 ",
            "single step" + LOST + r"left set 0 times$", r"^ok \d+ EVT0005 ",
            r"^# totals: passed 5 failed 0 skipped 0$", r"^# end of tests$")),
)


def by_fred(row, **changes):
    """Returns the row with events that enter by FRED. Only Bochs has it (runner/fred.py)."""
    return replace(row, name="fred-" + row.name, emulator="bochs", boot="bios-cd", cpu="", fred=True,
                   cmdline=f"{row.cmdline} entry=fred".strip(), limit_seconds=900, **changes)


# The panics that depend on the entry of events, the lesson (64 values of RSP are lethal there), and
# the costs of both kinds of entry on one machine.
ENTRY_FIGURES = tuple(rf"^BENCH {name} \d+ instructions$" for name in (
    "stack_fault_1", "stack_fault_3", "fault_moved", "tick", "tick_preempt"))
FRED = (
    by_fred(Row("suite")),
    by_fred(Row("suite-1cpu", cpus=1)),
    by_fred(Row("suite-4cpus", cpus=4, build="invariant"),
            budget_seconds=400),
    by_fred(Row("suite-4cpus-ipc-handoff", cpus=4, cmdline="ipc=handoff"), budget_seconds=700),
    *(by_fred(Row(f"suite-1cpu-{mode}", cpus=1, cmdline=f"stack={mode}"))
      for mode in ("eager", "lend", "prefault")),
    replace(by_fred(Row("suite-idt")), cmdline="entry=idt"),
    *(by_fred(row) for row in PANIC if row.name in (
        "panic-null", "panic-text", "panic-data-executed", "panic-protection", "panic-opcode",
        "panic-stray-hole", "panic-no-cover", "panic-overflow-spinlock", "panic-nmi-fault",
        "panic-nmi-hole", "panic-interrupt-fault", "panic-entry-overflow",
        "panic-entry-overflow-nmi", "panic-entry-overflow-far", "panic-double-fault",
        "panic-nested-fault", "panic-system-call", "panic-software-interrupt")),
    *(by_fred(replace(row, expect=tuple(line.replace("48", "64").replace("left set 64", "left set 80")
                                        for line in row.expect))) for row in LESSON),
    Row("fred-bench", kind="boot", emulator="bochs", boot="bios-cd", fred=True, cpus=1, ordered=False,
        cmdline="bench=stack_fault*,fault_moved,tick* entry=fred", limit_seconds=900,
        expect=(*ENTRY_FIGURES, r"leaving: success")),
    Row("fred-bench-idt", kind="boot", emulator="bochs", boot="bios-cd", fred=True, cpus=1,
        ordered=False, cmdline="bench=stack_fault*,fault_moved,tick* entry=idt", limit_seconds=900,
        expect=(*ENTRY_FIGURES, r"leaving: success")),
)

# Rows that interact with the machine: Python files in tests/boot/.
SCRIPT = (
    # The longest of them, so that it does not run alone at the end.
    Row("labs", kind="script", script="tests/boot/labs.py", limit_seconds=1500),
    Row("hang", kind="script", script="tests/boot/hang.py", cpus=4),
    Row("nmi-everywhere", kind="script", script="tests/boot/nmi_sweep.py", gdb=True, cpus=1,
        cmdline="test=STK* exit=1"),
    Row("gdb", kind="script", script="tests/boot/gdb_commands.py", gdb=True, cpus=2, cpu="max",
        cmdline="demo=1"),
    Row("machine-check", kind="script", script="tests/boot/machine_check.py", gdb=True, cpus=1,
        cpu="max"),
    Row("bochs-chapter", kind="script", script="tests/boot/bochs_chapter.py"),
    Row("bochs-walks", kind="script", script="tests/boot/bochs_walks.py", rotates="bochs"),
    Row("fred-walk", kind="script", script="tests/boot/bochs_walk_fred.py", emulator="bochs", boot="bios-cd", fred=True),
    Row("soak", kind="script", script="tests/boot/soak.py", build="invariant", cpus=4, cpu="max",
        memory_mib=512),
    Row("soak-64m", kind="script", script="tests/boot/soak.py", cpus=4, cpu="max", memory_mib=64,
        rotates="soak"),
    Row("soak-ubsan", kind="script", script="tests/boot/soak.py", build="ubsan", cpus=4, cpu="max",
        memory_mib=64, rotates="soak"),
    Row("soak-O0", kind="script", script="tests/boot/soak.py", build="O0", cpus=4, cpu="max",
        memory_mib=64, rotates="soak"),
    Row("soak-batched", kind="script", script="tests/boot/soak.py", cpus=4, memory_mib=256,
        cmdline="stack-free=batched", rotates="soak"),
    Row("soak-domains", kind="script", script="tests/boot/soak.py", cpus=4, memory_mib=512,
        rotates="soak", extra=(
        "-object", "memory-backend-ram,id=near,size=256M",
        "-object", "memory-backend-ram,id=far,size=256M",
        "-numa", "node,nodeid=0,cpus=0-1,memdev=near",
        "-numa", "node,nodeid=1,cpus=2-3,memdev=far")),
    Row("soak-many", kind="script", script="tests/boot/soak.py", cpus=4, cpu="max", memory_mib=256,
        cmdline="soak-threads=20000", rotates="long"),
    Row("soak-one-core", kind="script", script="tests/boot/soak.py", cpus=4, cpu="max",
        memory_mib=256, one_core=True, rotates="long"),
    *(Row(f"soak-{mode}", kind="script", script="tests/boot/soak.py", cpus=4, memory_mib=256,
          cpu=model, cmdline=f"stack={mode.split('-')[0]}", rotates="soak mode")
      for mode, model in (("eager", "max"), ("prefault", "max"), ("lend-amd", "max"),
                          ("lend-intel", "max,vendor=GenuineIntel"))),
    Row("wrong-srat", kind="script", script="tests/boot/wrong_srat.py", memory_mib=512),
    Row("lacking-devices", kind="script", script="tests/boot/lacking_devices.py"),
    Row("early-panic", kind="script", script="tests/boot/early_panic.py", gdb=True, cpus=1),
    Row("ghost-processor", kind="script", script="tests/boot/ghost_processor.py", gdb=True),
    # QEMU broadcasts a machine check only to Intel's processors from family 6, model 14 on.
    Row("trace", kind="script", script="tests/boot/make_trace.py"),
    Row("parked", kind="script", script="tests/boot/parked.py",
        cpu="max,vendor=GenuineIntel,family=6,model=85"),
    Row("fuzz", kind="script", script="tests/boot/fuzz.py", build="invariant", cpus=4, cpu="max",
        cmdline="monitor=1"),
    # Little memory, refills that fail, and stacks that lose their pages after a second.
    Row("fuzz-32m", kind="script", script="tests/boot/fuzz.py", build="invariant", cpus=4, cpu="max",
        memory_mib=32, rotates="long", cmdline="monitor=1 fault-inject=refill:3,reserve-only:5 seed=3 "
        "stack-shrink-age=1 stack-swap-age=1"),
    # A kernel with a bug on purpose, which the fuzzer must find.
    Row("fuzz-planted", kind="script", script="tests/boot/fuzz_planted.py", build="planted", cpus=4,
        cpu="max", rotates="long", cmdline="monitor=1"),
    Row("shell-session", kind="script", script="tests/boot/shell_session.py", cmdline="monitor=1",
        limit_seconds=900),
    # The whole session on each medium: one of them a turn.
    *(Row(f"shell-{name}", kind="script", script="tests/boot/shell_medium.py", cmdline="shell=1",
          limit_seconds=1800, rotates="shell medium", **machine) for name, machine in (
        ("bios", {"boot": "bios-cd"}), ("uefi", {"boot": "uefi-cd", "machine": "q35"}),
        ("bochs", {"emulator": "bochs", "boot": "bios-cd", "cpu": "tigerlake"}))),
    Row("shell-figures", kind="script", script="tests/boot/shell_figures.py", rotates="shell"),
    Row("shell-screen", kind="script", script="tests/boot/shell_screen.py", rotates="shell"),
    *(Row(f"shell-keys-{name}", kind="script", script="tests/boot/shell_keys.py", cmdline="shell=1", rotates="shell",
          **machine) for name, machine in (
        ("bios", {"boot": "bios-cd"}), ("uefi", {"boot": "uefi-cd", "machine": "q35"}))),
    Row("shell-stress", kind="script", script="tests/boot/shell_stress.py", cmdline="shell=1"),
    Row("soak-shell", kind="script", script="tests/boot/shell_soak.py", build="invariant", cpus=4,
        cpu="max", rotates="soak"),
    Row("programs", kind="script", script="tests/boot/programs.py", cmdline="monitor=1"),
    Row("uart-driver", kind="script", script="tests/boot/uart_driver.py", cmdline="monitor=1"),
    Row("book-commands", kind="script", script="tests/boot/book_commands.py"),
    Row("book-programs", kind="script", script="tests/boot/book_programs.py", cmdline="shell=1"),
    Row("power-off", kind="script", script="tests/boot/power_off.py"),
    Row("make-run", kind="script", script="tests/boot/make_run.py"),
    Row("monitor", kind="script", script="tests/boot/monitor.py", cmdline="monitor=1"),
    Row("monitor-input", kind="script", script="tests/boot/monitor_input.py", cmdline="monitor=1"),
    Row("monitor-session", kind="script", script="tests/boot/monitor_session.py",
        cmdline="monitor=1"),
)

ROWS = SUITE + BOOT + BENCH + LATENCY + PANIC + REFUSED + LESSON + FRED + SCRIPT
