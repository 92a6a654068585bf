"""Runs `make bochs-fault WALK=pager ENTRY=fred` in the Bochs that the variable BOCHS names, which has FRED."""

from tests.boot.bochs_walks import facts_of, judge_pager, run

FRED_FRAME_BYTES = 64


def check_pager(start):
    """ring 3, the thread's own stack without an entry stack on the way, pager, and the instruction again"""
    start.make_iso()
    status, text = run(start.paths.make_command("bochs-fault", "WALK=pager", "ENTRY=fred",
                                                f"BOCHS_PROGRAM={start.paths.fred_bochs}"), start.paths)
    assert status == 0, text
    f = facts_of(text)
    judge_pager(f)
    # at level 0, where RSP0 says, with the address in the frame
    assert f["level"] == 0 and f["pushed_vector"] == 14 and f["event_data"] == f["touched"], f
    assert f["rsp0"] == f["stack_top"] and f["entry_rsp"] == f["rsp0"] - FRED_FRAME_BYTES, f
    # and nothing moves: the trap frame is around what the processor pushed
    assert f["entry_rsp"] - f["moved_frame"] == 16 * 8, f


def check_refused(start):
    """a kernel whose events enter by the table is not explained as one by FRED"""
    start.make_iso()
    iso = "build/bochs/pager-idt.iso"
    status, text = run(start.paths.make_command("iso", "CMDLINE=test=TOY0001 exit=1 entry=idt", f"ISO={iso}"),
                       start.paths)
    assert status == 0, text
    status, text = run(["python3", "tools/debug/bochs_pager.py", "--iso", iso, "--fred",
                        "--bochs", start.paths.fred_bochs], start.paths)
    assert status == 1 and "events do not enter by FRED" in text and "retry_succeeded" not in text, text
