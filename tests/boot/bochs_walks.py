"""Runs the scripted walks `make bochs-fault` and `make bochs-lost` as a user starts them.

The checks judge the facts that a walk lists at its end, which Bochs's debugger reads. The wording
of a walk does not matter.
"""

import os
import re
import subprocess
import sys

import pexpect

LIMIT_SECONDS = 1800  # for each walk; a longer run is a hang
ENTRY_AREA_BYTES = 0x1000  # of the release kernel


def run(words, paths):
    """Runs a command and returns its status and its output."""
    done = subprocess.run(words, cwd=paths.root, env=paths.make_environment(), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          timeout=LIMIT_SECONDS)
    return done.returncode, done.stdout


def facts_of(text):
    """Returns the facts at the end of a transcript. Numbers become integers."""
    facts = {}
    for name, value in re.findall(r"^   (\w+) = (\S+)$", text, re.MULTILINE):
        facts[name] = int(value, 0) if re.fullmatch(r"0x[0-9a-f]+|\d+", value) else value
    assert facts, f"no facts in:\n{text}"
    return facts


def judge_pager(f):
    """What the walk of a program's page fault must have read, by whichever way events enter."""
    # before: a program in ring 3, and nothing at the address
    assert f["client"] == "pager-client" and f["present_before"] == 0, f
    # into the kernel: a read of a page that is absent, by user mode
    assert f["error_code"] == 4 and f["pushed_ring"] == 3 and f["touched"] == f["asked_address"], f
    assert f["pushed_rip"] == f["moved_rip"] == f["retry_rip"] == f["instruction"], f
    assert f["pushed_rsp"] == f["user_rsp"] == f["retry_rsp"], f
    # on the thread's stack, where the kernel asks on behalf of the thread
    assert f["stack_bottom"] < f["moved_rsp"] < f["moved_frame"] < f["stack_top"], f
    assert f["asked_by"] == f["client_thread"] and f["asked_region"] <= f["asked_address"], f
    # the pager: another program, another thread, other page tables
    assert f["pager"] == "toy-pager" and f["pager_thread"] != f["client_thread"], f
    assert f["pager_cr3"] != f["client_cr3"], f
    assert f["answer_verdict"] == 1 and f["answer_offset"] == f["asked_offset"], f
    assert f["answer_bytes"] == 0x1000 and f["answer_rights"] == 0x10, f
    # back: the page that was entered is there, and the instruction succeeds
    assert f["entered_address"] == f["touched"] - f["touched"] % 0x1000, f
    assert f["present_after"] == 1 and f["entry_after"] == f["entered"], f
    assert f["after_retry_rip"] == f["instruction"] + f["instruction_bytes"], f
    assert f["retry_succeeded"] == "True", f


def check_fault(start):
    """make bochs-fault: absent before, present after, by IST 1, the same store done again"""
    start.make_iso()
    status, text = run(start.paths.make_command("bochs-fault"), start.paths)
    assert status == 0, text
    f = facts_of(text)
    # before: a hole in the thread's own slot, below all backed pages
    assert f["present_before"] == 0 and f["hole_owner"] == f["slot"], f
    assert f["stack_bottom"] <= f["cr2"] < f["page_edge"] <= f["rsp"] <= f["stack_top"], f
    # on the way: the gate's stack, the frame, the fault's cause
    assert f["gate_ist"] == 1 and f["error_code"] == 2, f
    assert f["ist_pointer_before"] == f["entry_stack_top"] == f["ist_pointer_after"], f
    assert f["ist_pointer_lowered"] == f["entry_stack_top"] - ENTRY_AREA_BYTES, f
    assert f["handler_rsp"] == f["entry_stack_top"] - 6 * 8, f
    assert f["pushed_rip"] == f["instruction"] and f["pushed_rsp"] == f["rsp"], f
    # the cost: the stack has what the magazine lost, and nothing else was taken
    assert f["frames_taken"] == f["rounds_before"] - f["rounds_after"] > 0, f
    assert f["frames_taken"] == f["missing_before"] - f["missing_after"], f
    assert f["instructions"] == f["handler_ticks"] == sum(
        f[f"instructions_{part}"] for part in ("short", "saving", "handling", "recording", "returning")), f
    assert f["instructions_short"] > 0, f
    assert f["instructions_handling"] > 0 and f["instructions_returning"] > 0, f
    # after: the entry is the round, and the same instruction is executed again and succeeds
    assert f["present_after"] == 1, f
    assert f["frames_taken"] != 1 or f["entry_after"] == f["round_taken"], f
    assert f["retry_rip"] == f["instruction"] < f["after_retry_rip"], f
    assert f["registers_restored"] == "True" and f["retry_succeeded"] == "True", f


def check_pager(start):
    """make bochs-fault WALK=pager: ring 3, entry stack, own stack, pager, and the instruction again"""
    start.make_iso()
    status, text = run(start.paths.make_command("bochs-fault", "WALK=pager"), start.paths)
    assert status == 0, text
    f = facts_of(text)
    judge_pager(f)
    # by the gate's IST to the entry stack, although RSP0 names the thread's
    assert f["rsp0"] == f["stack_top"] - 16, f
    assert f["gate_ist"] == 1 and f["cr2"] == f["touched"], f
    assert f["entry_rsp"] == f["entry_stack_top"] - 6 * 8, f


def check_lost(start):
    """make bochs-lost: an interrupt gone, its in-service bit stuck; not in the sound kernel"""
    start.make_iso()
    status, text = run(start.paths.make_command("bochs-lost"), start.paths)
    assert status == 0, text
    f = facts_of(text)
    for kernel in ("lost", "sound"):
        assert f[f"{kernel}_rsp"] % 4096 == 0 and f[f"{kernel}_page_fault_ist"] == 1, f
        assert f[f"{kernel}_present_before"] == 0, f
        assert f[f"{kernel}_requested_before"] == 1 and f[f"{kernel}_in_service_before"] == 0, f
        assert f[f"{kernel}_requested_during"] == 0 and f[f"{kernel}_in_service_during"] == 1, f
    assert f["lost_gate_ist"] == 0 and f["lost_page_fault"] == "True", f
    assert f["lost_rsp"] - 4096 <= f["lost_cr2"] < f["lost_rsp"] and f["lost_error_code"] == 2, f
    assert f["lost_interrupted"] == "event_sweep_interrupt" and f["lost_present_after"] == 1, f
    assert f["lost_arrived"] == 0 and f["lost_in_service_after"] == 1, f
    assert f["sound_gate_ist"] == 2 and f["sound_page_fault"] == "False", f
    assert f["sound_arrived"] == 1 and f["sound_in_service_after"] == 0, f
    assert f["sound_present_after"] == 0, f


def check_eager(start):
    """where no stack fault happens the walk says so and fails"""
    start.make_iso()
    iso = os.path.join("build", "bochs", "eager.iso")
    status, text = run(start.paths.make_command("iso", "CMDLINE=stack=eager exit=1", f"ISO={iso}"),
                       start.paths)
    assert status == 0, text
    status, text = run([sys.executable, "tools/debug/bochs_fault.py", "--iso", iso],
                       start.paths)
    assert status == 1 and "The walk cannot go on" in text, text
    assert "retry_succeeded" not in text, text


def check_steps(start):
    """STEP=1 stops at each stage, hands what is typed to the debugger, and can be left"""
    start.make_iso()
    command, *arguments = start.paths.make_command("bochs-fault", "STEP=1")
    child = pexpect.spawn(command, arguments, env=start.paths.make_environment(), encoding="utf-8",
                          timeout=LIMIT_SECONDS, dimensions=(60, 120))
    asks = r"anything else is for Bochs' debugger\] "
    child.expect(r"\n1\. ")
    child.expect(r"page (0x[0-9a-f]+)\)")
    address = child.match.group(1)
    child.expect(asks)
    child.send(f"page {address}\r")
    child.expect(r"PTE: 0x[0-9a-f]{16} .* p\s")
    child.expect(asks)
    child.send("c\r")
    child.expect("Not while the walk goes on")
    child.expect(asks)
    for stage in range(2, 6):
        child.send("\r")
        child.expect(rf"\n{stage}\. ")
        child.expect(asks)
    child.send(f"page {address}\r")
    child.expect(r"PTE: 0x[0-9a-f]{16} .* P\s")
    child.expect(asks)
    child.send("q\r")
    child.expect(pexpect.EOF)
    child.wait()
    assert child.exitstatus == 0, f"status {child.exitstatus}"
