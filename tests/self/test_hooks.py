"""The check that hooks are wired in kernel/hooks.c only finds each way around it."""

import pytest
from test_checks import check

GOOD = {
    "arch/x86_64/time/timer.h": "extern void (*timer_tick)(void);\nvoid timer_init(void);\n",
    "arch/x86_64/time/timer.c": "void (*timer_tick)(void);\nvoid timer_init(void)\n{\n}\n",
    "kernel/hooks.c": "void hooks_wire(void)\n{\n    timer_tick = schedule_tick;\n}\n",
    "tests/sched/t.c": "void f(void)\n{\n    timer_tick = see;\n}\n",
}


@pytest.mark.parametrize("name, text, wanted", [
    (None, None, None),
    ("kernel/main.c", "int f(void)\n{\n    return timer_tick == 0;\n}\n", None),
    ("kernel/main.c", "void f(void)\n{\n    /* timer_tick = g; */\n}\n", None),
    ("kernel/main.c", "void f(void)\n{\n    timer_tick = g;\n}\n",
     "kernel/main.c: sets the hook timer_tick"),
    ("sched/core/a.c", "void f(void)\n{\n    __atomic_store_n(&timer_tick, g, __ATOMIC_RELEASE);\n}\n",
     "sched/core/a.c: sets the hook timer_tick"),
    ("sched/core/a.h", "extern bool (*a_hook)(int a);\n", "which kernel/hooks.c does not set"),
    ("mm/frame/a.c", "static int (*source)(int *frame);\n", "source is a hook that no header"),
    ("mm/frame/a.c", "static int (*source)(int *frame) = nothing;\n", "source is a hook that no"),
    ("kernel/main.c", "void timer_init(void)\n{\n}\n", "bound by the linker belongs in"),
])
def test_hooks(tree, name, text, wanted):
    files = dict(GOOD)
    if name:
        files[name] = text
    status, output = check("hooks", tree(files))
    assert (status, wanted is None or wanted in output) == (int(wanted is not None), True), output
