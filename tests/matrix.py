"""The matrix: every machine that `make test` boots. One row, one machine; runner/row.py says what
the fields mean. `budget_seconds` is what the suite may take, `limit_seconds` when it counts as
hung (two cores run four virtual CPUs, so that one is generous).
"""

from runner.row import Row

SUITE = (
    Row("pvh-1cpu", cpus=1),
    Row("pvh-2cpus", cpus=2, quick=True),
    Row("pvh-4cpus", cpus=4),
    Row("iso-bios-cd", boot="bios-cd"),
    Row("iso-bios-usb", boot="bios-usb"),
    Row("iso-uefi-cd", boot="uefi-cd", machine="q35"),
    Row("iso-uefi-usb", boot="uefi-usb", machine="q35"),
    Row("cpu-qemu64", cpu="qemu64"),
    Row("cpu-max", cpu="max"),
    Row("machine-q35", machine="q35"),
    Row("cpus-spare", cpus=4, cmdline="cpus=2", tests="SMP*,APC*"),
    Row("memory-32m", memory_mib=32),
    Row("memory-8g", memory_mib=8192),
    Row("stack-eager", cmdline="stack=eager"),
    Row("build-invariant", build="invariant", cpus=4),
    Row("build-ubsan", build="ubsan"),
    Row("build-O0", build="O0"),
    Row("bochs-tigerlake", emulator="bochs", boot="bios-cd", cpu="tigerlake", limit_seconds=420),
)

# They only have to come up, say so, and leave.
UP = r"Stalactite is up"
BOOT = (
    Row("boot-64cpus", kind="boot", cpus=64, memory_mib=1024, expect=(r"64 CPUs online", UP)),
    Row("boot-16m", kind="boot", memory_mib=16, expect=(r"2 CPUs online", UP)),
    Row("boot-16g", kind="boot", memory_mib=16384, expect=(r"2 CPUs online", UP)),
    Row("boot-no-acpi", kind="boot", machine="pc,acpi=off", expect=(UP,)),
    Row("boot-no-hpet", kind="boot", machine="pc,hpet=off", expect=(r"2 CPUs online", UP)),
    Row("boot-intel", kind="boot", cpu="max,vendor=GenuineIntel", expect=(r"2 CPUs online", UP)),
)

# They must panic, and say why. A row: name, build, command line, lines in order.
PANIC = (
)

# A kernel that was built wrong on purpose, to show what goes wrong: interrupts, NMI and #DB enter on
# the thread's stack, and are lost where their frame would touch a missing page. One CPU, because the
# others' ordinary interrupts would be lost, too.
LOST = r": lost at 48 of 48 lethal offsets above the edge and at 16 of 16 below it; in-service bit "
LESSON = (
    Row("lesson-lost-events", kind="lesson", build="lost", cpus=1, tests="EVT000[1-5]", expect=(
        "single step" + LOST + r"left set 0 times$", r"^ok \d+ EVT0005 ",
        "data breakpoint" + LOST + r"left set 0 times$", r"^ok \d+ EVT0004 ",
        "NMI" + LOST + r"left set 0 times$", r"^ok \d+ EVT0003 ",
        "self-IPI" + LOST + r"left set 64 times$", r"^ok \d+ EVT0002 ",
        "timer" + LOST + r"left set 64 times$", r"^ok \d+ EVT0001 ",
        r"^# totals: passed 5 failed 0 skipped 0$", r"^# end of tests$")),
)

# Conversations with the machine: Python files in tests/boot/.
SCRIPT = (
    Row("nmi-everywhere", kind="script", script="tests/boot/nmi_sweep.py", gdb=True, cpus=1,
        cmdline="test=STK* exit=1"),
    Row("monitor", kind="script", script="tests/boot/monitor.py", cmdline="monitor=1"),
    Row("monitor-session", kind="script", script="tests/boot/monitor_session.py",
        cmdline="monitor=1"),
)

ROWS = SUITE + BOOT + PANIC + LESSON + SCRIPT
