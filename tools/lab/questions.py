"""The questions of lab 0, made from a seed: a page walk, leaf entries and a fault frame to decode by hand.

Students get the questions and digests of the answers, so `make grade` can say what is right. This file
is not among what they get.
"""

import random

STACK_OBJECT_BASE, SLOT_BYTES, PAGE_BYTES = 0xffffc00000000000, 0x8000, 0x1000
RECURSIVE_BASE = 0xffffc80000000000
INVERTED = 0x000ffffffffff000
KERNEL_DATA = 0x8000000000000163
STATES = {"hole": 2, "guard": 3, "unmapping": 7, "standby": 8}
NAMES_A_FRAME = ("unmapping", "standby", "backed")

TASK = """# Lab 0: your task

Write each answer into `lab/answers.toml`. Numbers may be decimal or `0x...`.

## A walk

A thread touches the address `{address:#x}`.

| question | key |
|---|---|
| the indices at levels 4, 3, 2 and 1, and the offset in the page | `walk.level4` to `walk.level1`, `walk.offset` |
| the number of the slot that it lies in | `walk.slot` |
| which page of the slot it is, counted from the slot's lowest one (0 to 7) | `walk.page` |
| the address of its leaf entry in the recursive mapping | `walk.leaf` |

## Three leaf entries

| entry | questions | keys |
|---|---|---|
{entries}

A state is a word: backed, hole, guard, unmapping, standby. The number is that of the slot, or the
physical address of the frame, whichever the entry names.

## A fault frame

The handler of a page fault finds these words on its stack, from the stack pointer upwards, and in CR2 the
address `{cr2:#x}`.

```
{frame}
```

| question | key |
|---|---|
| the address of the instruction that faulted | `frame.rip` |
| the stack pointer that it had | `frame.rsp` |
| did it write: yes or no | `frame.write` |
| was the page present: yes or no | `frame.present` |
| were interrupts on: yes or no | `frame.interrupts` |
| the ring of the code: 0 or 3 | `frame.ring` |
| how many bytes below the stack pointer was the touch | `frame.below` |
"""


def entry_of(choose, state):
    """Returns (a leaf entry in this state, the number that it names)."""
    if state in NAMES_A_FRAME:
        number = choose.randrange(0x100, 0x8000) * PAGE_BYTES
    else:
        number = choose.randrange(1, 4000)
    if state == "backed":
        return number | KERNEL_DATA, number
    bits = number if state in NAMES_A_FRAME else number << 12
    return (bits | STATES[state] << 1) ^ INVERTED, number


def make(seed):
    """Returns (the text of the task, {key: answer})."""
    choose = random.Random(f"lab 0 {seed}")
    slot, page, offset = choose.randrange(200, 100_000), choose.randrange(4, 8), choose.randrange(4096)
    address = STACK_OBJECT_BASE + slot * SLOT_BYTES + page * PAGE_BYTES + offset
    answers = {f"walk.level{level + 1}": address >> (12 + 9 * level) & 511 for level in range(4)}
    answers.update({"walk.offset": offset, "walk.slot": slot, "walk.page": page,
                    "walk.leaf": RECURSIVE_BASE + ((address & 0xfffffffff000) >> 12) * 8})
    lines = []
    for number, state in enumerate(choose.sample(("backed", "hole", "guard", "unmapping", "standby"), 3), 1):
        entry, named = entry_of(choose, state)
        answers.update({f"entry.state{number}": state, f"entry.number{number}": named})
        lines.append(f"| `{entry:#018x}` | its state, and the number in it | `entry.state{number}`, "
                     f"`entry.number{number}` |")
    rip = 0xffffffff80100000 + choose.randrange(0x100000)
    below, write, on = choose.randrange(8, 3000), choose.random() < 0.5, choose.random() < 0.5
    rsp = STACK_OBJECT_BASE + choose.randrange(200, 9000) * SLOT_BYTES + 7 * PAGE_BYTES + \
        choose.randrange(8) * 8
    answers.update({"frame.rip": rip, "frame.rsp": rsp, "frame.write": "yes" if write else "no",
                    "frame.present": "no", "frame.interrupts": "yes" if on else "no", "frame.ring": 0,
                    "frame.below": below})
    words = (2 if write else 0, rip, 8, 0x10002 | 0x200 * on | choose.choice((0, 4, 0x40, 0x80)), rsp, 0x10)
    frame = "\n".join(f"+{8 * i:#04x}  {word:#018x}" for i, word in enumerate(words))
    return TASK.format(address=address, entries="\n".join(lines), cr2=rsp - below, frame=frame), answers


def template(answers):
    """Returns the file that students fill in."""
    lines = ["# Lab 0: your answers, each between the quotes. lab/task.md has the questions.", ""]
    group = ""
    for key in answers:
        if key.split(".")[0] != group:
            group = key.split(".")[0]
            lines += ["", f"[{group}]"]
        lines.append(f'{key.split(".")[1]} = ""')
    return "\n".join(lines) + "\n"
