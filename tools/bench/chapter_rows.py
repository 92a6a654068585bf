"""The rows of the book's tables of figures, by their first cells: which figure each has. chapter.py fills them."""

SINGLE = {
    "a stack fault of one page": "stack_fault_1", "of two pages": "stack_fault_2", "of three pages": "stack_fault_3",
    "a page fault that moves to the thread's stack": "fault_moved",
    "the same event without a stack of its own": "fault_direct", "switch": "switch",
    "timer tick, the thread goes on": "tick", "timer tick that preempts": "tick_preempt", "gate, no refill": "gate",
    "refill of one page, from the allocator": "refill", "from a page of a swapped stack": "refill_reclaim",
    "from the reserve": "refill_reserve", "create to join, cached": "thread_cycle_cached",
    "create to join, new stack": "thread_cycle_cold", "create to join, batched": "thread_cycle_batched",
    "`stack_ensure()`, a page": "ensure", "swap in": "swap_in", "a spinlock taken and released": "lock_spin",
    "a mutex taken and released": "lock_mutex", "allocate and free 8 objects and a frame": "alloc_free",
    "shootdown of a page, 1 CPU": "shootdown"}
BY_BYTES = {f"swapped {way}, {bytes_} bytes of variables": f"swap_{way}_one_{bytes_}"
            for way in ("out", "in") for bytes_ in (16, 256, 512, 896)}
PROGRAMS = {
    "a system call that does nothing": "syscall_null", "a message of six words and its answer": "ipc_roundtrip",
    "a message of 4,096 bytes and its answer": "ipc_roundtrip_4k",
    "a signal, and a wait for the one that answers it": "notify_roundtrip",
    "a page fault that the kernel serves, a page zeroed": "user_fault",
    "that a pager serves, with a page that is there": "pager_fault",
    "that a pager serves, a page zeroed": "pager_fault_fresh",
    "the kernel copies a word from a page that is not there, a page zeroed": "user_copy_fault",
    "a thread, create to join": "user_thread_cycle", "a task, created, run, awaited": "task_cycle"}
BYTES = {"since its creation": "idle_thread_bytes", "swapped out": "blocked_thread_bytes"}
SCENARIO = {
    "threads created": "threads", "stack faults": "faults", "faults a second of guest time": "faults_per_second",
    "waits at the gate": "gate_waits", "stacks from the cache, percent": "cache_hit",
    "least pages in the magazine at a refill, of 8": "magazine_low_water", "refills": "magazine_refills",
    "refills that found their frames, percent": "magazine_hit", "shootdowns of the swapper": "swapper_rounds"}
LITTLE = {"threads that could be created, of 5,000": "threads", "most stack memory, KiB": "stack_most",
          "waits at the gate": "gate_waits"}
BY_CPUS = {"shootdown of a page, instructions": ("shootdown", "fault"),
           "`churn`: threads created": ("macro_churn_threads", "fault"),
           "`churn`: instructions, `fault`": ("macro_churn_instructions", "fault"),
           "`churn`: instructions, `eager`": ("macro_churn_instructions", "eager"),
           "`churn`: stacks from the cache, percent": ("macro_churn_cache_hit", "fault"),
           "`churn`: most stack memory, KiB": ("macro_churn_stack_most", "fault")}
# What this kernel aims at with stack=fault: a figure, and the most that it shall be; or the least, of a percentage.
AIMS = {
    "a stack fault of one page": ("stack_fault_1", 60), "of three pages": ("stack_fault_3", 85), "a switch": ("switch", 80),
    "a kernel thread, create to join, cached": ("thread_cycle_cached", 800), "with a new stack": ("thread_cycle_cold", 1000),
    "stacks from the cache, one by one, percent at least": ("cache_hit_percent_immediate", 99),
    "in bursts of eight": ("cache_hit_percent_bursts_immediate", 95), "in trees of 31": ("cache_hit_percent_tree", 95),
    "in the scenario `tree`": ("macro_tree_cache_hit", 95),
    "a blocked kernel thread, bytes": ("blocked_thread_bytes", 480), "a system call": ("syscall_null", 50),
    "a message of six words and its answer": ("ipc_roundtrip", 300), "a signal and a wait": ("notify_roundtrip", 600),
    "a page fault of a program, by the kernel, zeroing included": ("user_fault", 900),
    "by a pager, zeroing included": ("pager_fault_fresh", 1500),
    "a user thread, create to join": ("user_thread_cycle", 3000),
    "a user thread asleep in IPC, kernel bytes, with `ipc=keep`": ("user_thread_bytes", 700),
    "the boot from the first program to the shell's prompt": ("macro_session_instructions", 1000000000)}
LEAST = ("cache_hit_percent_immediate", "cache_hit_percent_bursts_immediate", "cache_hit_percent_tree",
         "macro_tree_cache_hit")
# What sleeping threads take, and what it is to wake them: docs/stack-modes.md.
SLEEPERS = {
    "since they were created": "memory_idle_bytes", "a moment later": "memory_idle_later_bytes",
    "shrunk": "memory_idle_shrunk_bytes", "swapped out": "memory_idle_swapped_bytes",
    "after they have been 12 KiB deep": "memory_deep_bytes", "and shrunk": "memory_deep_shrunk_bytes",
    "and swapped out": "memory_deep_swapped_bytes"}
WAKING = {"from a wake-up, nothing was taken": "wake", "its pages are as they were": "wake_page_returned",
          "it was swapped out": "swap_in"}
BOUNCES = {f"{words}, {way} hysteresis": "bounce_" + name + suffix for words, name in (
    ("shootdowns", "shootdowns"), ("stack faults", "faults"), ("pages brought in before it runs", "refills"))
    for way, suffix in (("without", "_no_hysteresis"), ("with", ""))}
HANDOFF = {f"{words}, `{ipc}`": (name, ipc) for words, name in (
    ("bytes at once", "user_thread_bytes_before"), ("bytes after swapping", "user_thread_bytes"),
    ("`ipc_roundtrip`", "ipc_roundtrip")) for ipc in ("keep", "handoff")}
# The label of a row, its figure, and whether the second column says how much more it is.
HANDOFF_WHOLE = {
    "`crowd`: stack memory in KiB, once all sleep": ("macro_crowd_stack_now", False),
    "`crowd`: its mean over a minute, in which the swapper works": ("macro_crowd_stack_mean", False),
    "`crowd`: instructions": ("macro_crowd_instructions", True),
    "`service`: stack memory in KiB, at most": ("macro_service_stack_most", False),
    "`service`: its mean": ("macro_service_stack_mean", False),
    "`service`: stack faults": ("macro_service_faults", False),
    "`service`: instructions": ("macro_service_instructions", True),
    "`build`: stack memory in KiB, at most": ("macro_build_stack_most", False),
    "`build`: instructions": ("macro_build_instructions", True),
    "`pager_fault`": ("pager_fault", False), "`ipc_roundtrip_4k`": ("ipc_roundtrip_4k", False)}
