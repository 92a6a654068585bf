"""Tests gdb's commands `st ...` on a machine that is stopped at chosen points: inside a stack
fault, in the middle of a switch, with threads that wait. The output of the commands is compared
with that of QEMU's monitor and of gdb's own commands on the same machine.
"""

import os
import re
import subprocess
import time

MARK = "-- answer --"
LIMIT_SECONDS = 1800  # for each session; a longer run is a hang
STUB_SECONDS = 120


class Session:
    """Runs gdb once over a list of commands and stores the output of each one."""

    def __init__(self, machine, commands, variant="release"):
        root = machine.paths.root
        words = ["gdb", "-nx", "-q", "-batch", "-iex", f"add-auto-load-safe-path {root}",
                 "-ex", "set pagination off", "-ex", "set width 0", "-ex",
                 f"set remotetimeout {STUB_SECONDS}", "-ex",
                 "set architecture i386:x86-64", "-ex", f"target remote {machine.gdb_socket()}"]
        for command in commands:
            words += ["-ex", f"echo {MARK}\\n", "-ex", command]
        deadline = time.monotonic() + STUB_SECONDS
        while not os.path.exists(machine.gdb_socket()) and time.monotonic() < deadline:
            time.sleep(0.05)
        done = subprocess.run([*words, os.path.join(machine.paths.build, variant, "kernel.elf")],
                              cwd=root, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False,
                              timeout=LIMIT_SECONDS)
        answers = done.stdout.split(MARK + "\n")[1:]
        assert len(answers) == len(commands), f"gdb ended early:\n{done.stdout}"
        self.answers = {command: [] for command in commands}
        for command, answer in zip(commands, answers):
            self.answers[command].append(answer)

    def __call__(self, command, turn=0):
        """Returns a command's output. `turn` selects one of several equal commands."""
        return self.answers[command][turn]

    def number(self, command, turn=0):
        """Returns the last number in the output of a `p` or `monitor` command."""
        found = re.findall(r"0x[0-9a-f]+|\b\d+\b", self(command, turn))
        assert found, f"{command}: {self(command, turn)!r}"
        return int(found[-1], 0)


def found(pattern, text):
    """Returns the match of a pattern. Fails if there is none."""
    match = re.search(pattern, text, re.MULTILINE)
    assert match, f"nothing matches {pattern!r} in:\n{text}"
    return match


TO_FIRST_FAULT = ("hbreak fault_trace_begin", "continue", "delete", "hbreak stack_fault",
                  "continue", "delete")
QEMU_SAYS = 'eval "monitor gva2gpa 0x%lx", $address'
# The leaf entry through the recursive mapping. gdb does the arithmetic.
LEAF = "*(unsigned long *)(PAGE_RECURSIVE_BASE + (($address & 0xffffffffffff) >> 9 & ~7))"
WINDOW_SAYS = f"p/x {LEAF}"
RECORD = f"p frame_buddy.frames[({LEAF} & PAGE_ADDRESS_MASK) >> 12]"
MAGAZINE = "p *(struct magazine *)((char *)&magazine + $gs_base)"
FRAME = "((struct trap_frame *)$frame)->"
# Only this processor continues, by single steps, which let no interrupt in. All other work of the
# machine waits. Only the rest of the fault happens between the two looks.
SERVE = ("set scheduler-locking on", f"python rip = int(gdb.parse_and_eval('{FRAME}rip'))",
         "python [gdb.execute('stepi', to_string=True) for _ in"
         " iter(lambda: int(gdb.parse_and_eval('$rip')) == rip, True)]")


def fault_session(start, variant, **changes):
    """Stops in the demonstration's first stack fault and looks before and after its service."""
    if variant != "release":
        start.paths.make_files([start.paths.kernel(variant)])
    looks = ("st pte $address", "st stack", "st mag", "st bt", "st threads")
    return Session(start(build=variant, **changes), (
        *TO_FIRST_FAULT, "set $frame = $rdi", "set $address = $cr2", "p/x $address",
        f"p/x {FRAME}rsp", *looks,
        WINDOW_SAYS,
        "p *(struct trap_frame *)$frame", MAGAZINE, *SERVE,
        "p/x $rip", f"p/x {FRAME}rip", QEMU_SAYS, MAGAZINE, RECORD, *looks), variant)


def fault_judge(ask):
    """Checks a session made by fault_session()."""
    address, rsp = ask.number("p/x $address"), ask.number(f"p/x {FRAME}rsp")
    before, after = ask("st pte $address"), ask("st pte $address", 1)
    leaf = found(r"^  L1\[ *(\d+)\] at (0x\w+)  (0x\w+)  not present$", before)
    assert int(leaf.group(1)) == address >> 12 & 511
    assert int(leaf.group(3), 16) == ask.number(WINDOW_SAYS), "not what the recursive mapping shows"
    slot = int(found(r"stack slot (\d+): hole; its entry names slot \1$", before).group(1))
    physical = int(found(r"physical (0x\w+), page of 4 KiB", after).group(1), 16)
    assert physical == ask.number(QEMU_SAYS), "QEMU finds another frame"
    assert physical % 4096 == address % 4096
    # the slot's map: one page was backed, now two are; the new one holds the address
    page = address & ~0xfff
    stack, then = ask("st stack"), ask("st stack", 1)
    found(rf"slot {slot}: guard from", stack)
    found(rf"^  {page:#018x}  hole     of slot {slot}$", stack)
    found(rf"^  {page:#018x}  backed   frame {physical & ~0xfff:#x}", then)
    assert stack.count("  guard ") == 4
    found(rf"  backed .*<- RSP {rsp:#x}$", stack)
    found(r"is on its page-fault entry stack", stack)
    found(r"^1 of 4 pages backed, 3 missing$", stack)
    found(r"^2 of 4 pages backed, 2 missing$", then)
    end = int(found(r"stack \[0x\w+, (0x\w+)\)", stack).group(1), 16)
    assert int(found(r"^Depth now: (\d+) bytes$", stack).group(1)) == end - rsp
    # the thread marked as running owns the slot
    row = found(rf"^\* +\d+ (\S+) +running +\d+ +\d+ +{slot} \[\.\.\.#\]", ask("st threads"))
    name = row.group(1)
    found(rf"^\* +\d+ {name} +running +\d+ +\d+ +{slot} \[\.\.##\]", ask("st threads", 1))
    # the frame came from a magazine: it has one round fewer and one fault more
    rows = [[re.findall(r"\d+", line) for line in ask("st mag", turn).splitlines()[1:]]
            for turn in (0, 1)]
    changes = [(int(new[1]) - int(old[1]), int(new[7]) - int(old[7])) for old, new in zip(*rows)]
    assert sorted(set(changes) - {(0, 0)}) == [(-1, 1)] and changes.count((-1, 1)) == 1, \
        f"not one magazine lost one round to one fault: {changes}"
    trace = ask("st bt")
    found(r"^  #0  0x\w+ stack_fault\+0x\w+ \(", trace)
    found(r"<- interrupted by #PF page fault", trace)
    found(r"thread_begin.*\n.*thread_trampoline", trace)
    found(r"= #PF page fault \(error code 0x2\) in the kernel at \w+\S* .*, rsp " + f"{rsp:#x} = ",
          ask("p *(struct trap_frame *)$frame"))
    used = []
    for turn in (0, 1):
        rounds = found(r"= magazine with (\d+) of (\d+) rounds = \{taken = (\d+), ",
                       ask(MAGAZINE, turn))
        left, capacity, taken = map(int, rounds.groups())
        assert left == capacity - taken, ask(MAGAZINE, turn)
        used.append(taken)
    assert used[1] == used[0] + 1, used
    # a frame is counted for the stack when the thread leaves the CPU
    found(r"= frame record: allocated, order \d+, owner (magazine|stack)$", ask(RECORD))
    assert ask.number("p/x $rip") == ask.number(f"p/x {FRAME}rip"), "the store is not retried"


def check_stack_fault(start):
    """st pte, stack, mag, bt and threads inside a stack fault and after it"""
    fault_judge(fault_session(start, "release"))


def check_stack_fault_invariant(start):
    """the same in the invariant build, on one processor"""
    fault_judge(fault_session(start, "invariant", cpus=1))


def check_switch(start):
    """in the middle of a switch both stacks are in use, and st says so"""
    use = "p *(struct stack_use *)((char *)&stack_use + $gs_base)"
    thread = "p *((struct thread **)((char *)&thread_running + $gs_base))[0]"
    ask = Session(start(), (
        "hbreak fault_trace_end", "continue", "delete", "hbreak thread_switch", "continue",
        "delete",
        "set scheduler-locking on", use, "stepi 3", "p/x $rsp", use, thread, "st mag", "st bt",
        "st stack", "st threads"))
    slots = re.search(r"in the middle of a switch: serves each hole of slot (\d+) and each hole of"
                      r" slot (\d+)", ask(use, 1))
    assert slots, ask(use, 1)
    left, comes = slots.groups()
    assert left != comes
    found(rf"thread \d+ \([\w-]+\), \w+, CPU \d, slot (?:{left}|{comes}) = ", ask(thread))
    rsp = ask.number("p/x $rsp")
    found(rf"slot {comes}: guard from", ask("st stack"))
    found(rf"backed .*<- RSP {rsp:#x}$", ask("st stack"))
    found(r"^  #0  0x\w+ thread_switch\+0x\w+", ask("st bt"))
    pictures = dict(re.findall(r" (\d+) \[([#.]{4})\]", ask("st threads")))
    sums = [int(line.split()[4]) for line in ask("st mag").splitlines()[1:]]
    assert pictures[left].count(".") + pictures[comes].count(".") in sums, (pictures, sums)


def tick_until(*patterns):
    """Lets the machine run from tick to tick until lines of `st threads` match all patterns."""
    return (f"python import re; [gdb.execute('continue', to_string=True) for _ in iter(lambda:"
            f" (lambda text: all(re.search(pattern, text) for pattern in {patterns!r}))"
            f"(gdb.execute('st threads', to_string=True)), True)]")


def check_blocked(start):
    """a blocked thread's backtrace and stack, and every thread's, on two processors"""
    ask = Session(start(cmdline="monitor=1"), (
        "hbreak monitor_run", "continue", "st bt main", "delete", "hbreak schedule_tick",
        # all threads but idle ones: none holds a lock, creates or reaps a thread
        tick_until("reclaimer +blocked", "swapper +blocked", "main +blocked"), "st threads",
        "st bt reclaimer", "st stack reclaimer", "st bt 1", "st bt nobody", "st mag 0", "st mag 7",
        "st pte 0x800000000000",
        "st pte stack_fault", "p 'sched/core/thread_list.c'::threads",
        "p 'sched/core/thread_list.c'::thread_list_lock", "p $st_entry(0xfffffffffa004)"))
    threads = ask("st threads")
    count = len(re.findall(r"^[* ] +\d+ ", threads, re.MULTILINE))
    found(rf"= list of {count} nodes$", ask("p 'sched/core/thread_list.c'::threads"))
    assert len(re.findall(r"^\*", threads, re.MULTILINE)) == 2, "two processors, two threads"
    trace = ask("st bt reclaimer")
    found(r"^Thread \d+ \(reclaimer\), blocked:$", trace)
    # It sleeps until there is work, or rests after work.
    found(r"schedule\+.*\n(.*\n)*.*wait_queue_sleep\+.*\n(.*\n)*.*reclaimer_run\+.*\n"
          r".*thread_begin\+", trace)
    deep = found(r"^ +\d+ reclaimer +blocked +\d+ +\d+ +\d+ \[####\] +(\d+) ", threads).group(1)
    found(rf"^Depth now: {deep} bytes$", ask("st stack reclaimer"))
    found(r"^Thread \d+ \(main\), runs on CPU \d:\n  #0  0x\w+ monitor_run\+", ask("st bt main"))
    found(r"^Thread 1 \(idle\), \w+.*:\n(.*\n)*.* thread_trampoline\+", ask("st bt 1"))
    found(r"There is no thread 'nobody'", ask("st bt nobody"))
    assert len(re.findall(r"^  round +\d+  0x\w{16}  present write", ask("st mag 0"), re.M)) == 8
    found(r"There is no CPU '7'; 2 run", ask("st mag 7"))
    found(r"not canonical", ask("st pte 0x800000000000"))
    found(r"kernel image, stack_fault\+0x0", ask("st pte stack_fault"))
    found(r"spinlock 'thread list', free", ask("p 'sched/core/thread_list.c'::thread_list_lock"))
    found(r'"hole of slot 5"', ask("p $st_entry(0xfffffffffa004)"))


def check_large(start):
    """a stack of 256 KiB: its fault floor, what lies beyond, and what was asked for"""
    ask = Session(start(cmdline="test=LRG0101 exit=1", cpus=1), (
        "hbreak stack_back_down if slot >= (4 << 20)", "continue", "p slot", "p/x $rsp", "st stack",
        "st threads", "st pte $rsp", "delete", "finish", "st stack"))
    slot, rsp = ask.number("p slot"), ask.number("p/x $rsp")
    before, after = ask("st stack"), ask("st stack", 1)
    start_of_guard, bottom, end = (int(text, 16) for text in found(
        rf"slot {slot}: guard from (0x\w+), stack \[(0x\w+), (0x\w+)\)", before).groups())
    assert end - bottom == bottom - start_of_guard == 256 << 10 and bottom % (256 << 10) == 0
    assert bottom <= rsp < end
    found(rf"^  {end - 0x4000:#x}  hole     of slot {slot} +fault floor$", before)
    found(rf"^  {bottom:#x}  beyond   of slot {slot} +\(60 pages\)$", before)
    found(rf"^  {start_of_guard:#x}  guard    of slot {slot} +\(64 pages\)$", before)
    found(r"^1 of 64 pages backed, 3 missing$", before)
    found(r"^64 of 64 pages backed, 0 missing$", after)
    found(rf"  backed .*<- RSP {rsp:#x}$", before)
    found(rf"^\* +\d+ filled +running +\d+ +\d+ +{slot} \[\.\.\.#\]", ask("st threads"))
    found(rf"^  stack slot {slot}: backed$", ask("st pte $rsp"))


def check_swapped(start):
    """a thread whose stack is swapped out: its map, and a backtrace that brings nothing in"""
    ask = Session(start(cmdline="test=SWP0003 exit=1", cpus=1), (
        # by its address: a compiler may copy the function into a caller
        "hbreak *stack_standby_free if (unsigned)$edi > 1", "continue", "st stack tested", "finish",
        "st threads", "st bt tested", "st stack tested"))
    slot = found(r"^ +\d+ tested +[\w-]+ +\d+ +\d+ +(\d+) \[\.\.\.s\] +\d+  schedule\+",
                 ask("st threads")).group(1)
    before, after = ask("st stack tested"), ask("st stack tested", 1)
    assert len(re.findall(r"^  0x\w+  standby  frame 0x\w+", before, re.MULTILINE)) == 4, before
    live = found(rf"^  0x\w+  swapped  of slot {slot} +<- RSP (0x\w+)$", after).group(1)
    found(r"^0 of 4 pages backed, 4 missing$", after)
    found(rf"^Swapped out: its \d+ live bytes lie at 0xffff8\w+ and come back to {live} before",
          after)
    trace = ask("st bt tested")
    found(r"^Thread \d+ \(tested\), [\w-]+, swapped out:$", trace)
    found(r"semaphore_down\+.*\n.*sleep_with_pattern\+.*\n.*sleeper_run\+.*\n.*thread_begin\+.*\n"
          r".*thread_trampoline\+", trace)


def check_too_early(start):
    """before the kernel has page tables of its own, st says where to go on to"""
    ask = Session(start(), ("st threads", "hbreak boot_main", "continue", "st stack",
                            "hbreak boot_continue", "continue", "st bt"))
    for command in ("st threads", "st stack"):
        found("hbreak boot_continue", ask(command))
    found(r"#0  0x\w+ boot_continue\+", ask("st bt"))


def check_loads_by_itself(start):
    """gdb loads the commands with either copy of the kernel, or says what it must be allowed"""
    build, root = start.paths.build, start.paths.root
    for kernel in (os.path.join(build, "release", "kernel.elf"), os.path.join(build, "kernel.elf")):
        start.paths.make_files([kernel])
        for allowed in (True, False):
            words = ["-iex", f"add-auto-load-safe-path {root}"] if allowed else []
            done = subprocess.run(["gdb", "-nx", "-batch", *words, "-ex", "help st", kernel],
                                  cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True, check=False)
            expected = "st bt -- Show where a thread is" if allowed else "add-auto-load-safe-path"
            assert expected in done.stdout, done.stdout


def check_program(start):
    """st program loads the symbols of one user program, and says which there are"""
    count = "python print(sum('/user/' in file.filename for file in gdb.objfiles()))"
    ask = Session(start(cmdline="monitor=1"), (
        "st program", "info symbol 0x400000", "st program init", "info symbol 0x400000",
        "st program init", count, "st program nobody", "st bt"))
    found(r"^User programs: ([\w-]+, )*init\b", ask("st program"))
    found(r"^No symbol matches", ask("info symbol 0x400000"))
    found(r"^Symbols of init are loaded", ask("st program init"))
    found(r"^\w+ in section \.text of \S+/user/init\.elf", ask("info symbol 0x400000", 1))
    assert ask(count) == "1\n", "a second load keeps the symbols of the first"
    found("There is no program 'nobody'", ask("st program nobody"))


def check_tasks(start):
    """st tasks and st handles list them, and st bt goes on from a system call into the program"""
    ask = Session(start(cmdline="exit=1"), (
        "hbreak call_log_write", "continue", "st program init", "st tasks", "st handles init",
        "st handles nobody", "st handles", "st bt"))
    task = found(r"^ +(\d+) init +1 of \d+ +(\d+) of 1024 +\d+ of \d+$", ask("st tasks"))
    handles = ask("st handles init")
    assert len(re.findall(r"^0x\w{8} ", handles, re.MULTILINE)) == int(task.group(2)), handles
    for kind in ("task", "thread", "log", "system", "ports"):
        found(rf"^0x\w{{8}} {kind} +[dtsrRWXm-]{{8}} +0x\w+  0xffff\w+$", handles)
    found("There is no task 'nobody'", ask("st handles nobody"))
    found("Which task", ask("st handles"))
    found(r"call_log_write\+.*\n(.*\n)*  #\d+ +0x0000\w+ .*<- user mode, left by a system call\n"
          r"(.*\n)*.* main\+0x\w+ \(.*user/init/main\.c:\d+\)", ask("st bt"))
