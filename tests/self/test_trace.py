"""The tools of make trace: the kernel's bytes are read, drawn by the rules, and what breaks a rule is seen."""

import os
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools", "trace"))
import depth  # noqa: E402  pylint: disable=wrong-import-position
import depth_picture  # noqa: E402  pylint: disable=wrong-import-position
import events  # noqa: E402  pylint: disable=wrong-import-position
import flame  # noqa: E402  pylint: disable=wrong-import-position
import live  # noqa: E402  pylint: disable=wrong-import-position
import trace_model  # noqa: E402  pylint: disable=wrong-import-position
import perfetto  # noqa: E402  pylint: disable=wrong-import-position
import picture  # noqa: E402  pylint: disable=wrong-import-position
import schema  # noqa: E402  pylint: disable=wrong-import-position
import watch_picture  # noqa: E402  pylint: disable=wrong-import-position

NUMBERS = {name: number for number, name in events.KINDS.items()}
BLOCKED, DEAD = events.STATES.index("BLOCKED"), events.STATES.index("DEAD")
TOP = 0xffffc00000008000
CODE = 0xffffffff80100000
NAMES = ["1000 t user", *(f"{CODE + at:x} t {name}" for at, name in
                          ((0x1000, "idle"), (0x2000, "worker"), (0x3000, "deep")))]


def event(kind, tsc, cpu=0, small=0, thread=0, a=0, b=0):
    return events.RECORD.pack(tsc, NUMBERS[kind], cpu, small, thread, a, b)


def recorded(*parts, cpus=2, full=0, end=None):
    """The bytes of a trace whose clock ticks a thousand times a microsecond."""
    return b"".join([event("HEADER", 0, small=events.VERSION, a=10**9, b=cpus), *parts,
                     event("END", 0, small=full, a=len(parts) if end is None else end)])


def switch(tsc, left, right, state=BLOCKED, cpu=0):
    return event("SWITCH", tsc, cpu, state | 1 << 8, left, right | 600 << 32, 8)


SOME = (event("NAME", 5, thread=7, a=int.from_bytes(b"worker", "little")),
        event("IPC", 10, a=0), event("WAKE", 20, thread=7, a=BLOCKED), switch(30, 1, 7),
        event("REFILL", 40, a=1, b=7), event("REFILL_END", 50, a=1, b=8),
        event("GATE_WAIT", 55, cpu=1, thread=1, a=3), event("GATE_WAIT_END", 60, cpu=1, thread=1),
        switch(70, 7, 1, DEAD), event("IPC_END", 80))


def items(*parts):
    return trace_model.Model(events.read(recorded(*parts)), {0: "ipc_call"}).items


def spans(found, track):
    return [(item.kind, item.name) for item in found if item.track == track and item.kind in ("begin", "end")]


def test_spans_of_a_thread_nest():
    assert spans(items(*SOME), ("thread", 1)) == [
        ("begin", "ipc_call"), ("begin", "off: blocked"), ("begin", "waits for memory"),
        ("end", "waits for memory"), ("end", "off: blocked"), ("end", "ipc_call")]


def test_a_wake_up_is_a_flow_to_the_next_run():
    found = items(*SOME)
    starts = [item for item in found if item.starts]
    ends = [item for item in found if item.ends]
    assert [(item.name, item.starts) for item in starts] == [("message to worker 7", [1])]
    assert [(item.track, item.name, item.ends) for item in ends] == [(("cpu", 0), "worker 7", [1])]


def test_a_direct_switch_of_a_fast_call_is_a_flow():
    found = items(event("IPC", 10, small=256), switch(20, 1, 7), switch(30, 7, 1))
    assert [item.name for item in found if item.starts] == ["message to thread 7"]


def flows(*parts):
    """Returns (beginning, end) of each flow of a trace that keeps the rules, in the order of their numbers."""
    checker = perfetto.check(perfetto.write(trace_model.Model(events.read(recorded(*parts)), {})))
    assert not checker.complaints
    return list(checker.flows.values())


def fault(tsc, pages, left, cpu=0):
    return event("FAULT", tsc, cpu, pages | left << 8, a=5000, b=CODE)


def refill(tsc, before, after, cpu=0):
    return (event("REFILL", tsc, cpu, a=1, b=before), event("REFILL_END", tsc + 1, cpu, a=1, b=after))


def test_a_fault_leads_to_the_refill_that_replaces_its_pages():
    arrow = ("stack fault", "refill")
    assert flows(fault(10, 2, 6), *refill(20, 6, 8)) == [arrow]
    assert flows(fault(10, 2, 6), fault(11, 1, 5), *refill(20, 5, 6), *refill(30, 6, 8)) == [arrow, arrow]
    assert not flows(fault(10, 2, 6), *refill(20, 6, 7)), "the pages are not all replaced"
    assert not flows(fault(10, 2, 6), *refill(20, 6, 8, cpu=1)), "another CPU's magazine"
    assert not flows(fault(10, 2, 6), *refill(20, 8, 9)), "they were back before this refill"
    assert not flows(fault(10, 2, 6), event("REFILL_END", 20, a=1, b=8)), "the refill began before the trace"


def test_the_fault_whose_pages_are_replaced_first_has_the_first_flow():
    found = items(fault(10, 2, 6), fault(11, 1, 5), *refill(20, 5, 6), *refill(30, 6, 8))
    assert [(item.ns, item.starts) for item in found if item.name == "stack fault"] == [(0, [2]), (1, [1])]


WAIT = event("GATE_WAIT", 10, cpu=1, thread=7, a=3)
GRANTED = event("GATE_WAIT_END", 20, cpu=0, thread=7)


def test_a_wait_for_memory_leads_to_the_run_that_ends_it():
    run = ("waits for memory", "thread 7")
    assert flows(WAIT, GRANTED, switch(30, 1, 7)) == [run]
    assert flows(WAIT, event("GATE_WAIT", 15, thread=7, a=3), GRANTED, switch(30, 1, 7)) == [run]
    assert not flows(WAIT, switch(30, 1, 7)), "it goes on waiting"
    assert not flows(WAIT, GRANTED, switch(30, 1, 8), switch(40, 8, 7)), "that run has another cause"
    assert not flows(WAIT, switch(15, 7, 1, DEAD), GRANTED, switch(30, 1, 7)), "it died; its number came again"


def test_what_is_swapped_out_leads_to_where_it_comes_back():
    def out(tsc, small):
        return event("SWAP_OUT", tsc, small=small, thread=9, a=1)
    back = (event("SWAP_IN", 40, thread=9), event("SWAP_IN_END", 41, thread=9))
    assert flows(out(10, 1), *back) == [("swapped out", "swap in")]
    assert not flows(out(10, 0), *back), "it was only shrunk"
    assert not flows(*back), "it was swapped out before the trace"
    found = items(out(10, 1), out(20, 1), *back)
    assert [item.starts for item in found if item.name == "swapped out"] == [[], [1]]


def test_a_shootdown_leads_to_the_answer_of_each_other_cpu_to_its_round():
    def answer(tsc, number, cpu=1):
        return event("SHOOTDOWN_ACK", tsc, cpu, a=number)
    asked, ended = event("SHOOTDOWN", 10, a=TOP, b=4096), event("SHOOTDOWN_END", 30, a=5)
    arrow = ("shootdown", "shootdown answered")
    assert flows(asked, answer(15, 5), ended) == [arrow]
    assert flows(switch(5, 1, 7), asked, answer(12, 4), answer(15, 5), ended) == [arrow]
    assert not flows(asked, answer(15, 5), event("SHOOTDOWN_END", 30)), "another CPU's round served it"
    assert not flows(answer(15, 5), ended), "it began before the trace"


def test_the_perfetto_trace_is_decoded_and_keeps_the_rules():
    data = perfetto.write(trace_model.Model(events.read(recorded(*SOME)), {0: "ipc_call"}))
    checker = perfetto.check(data)
    assert not checker.complaints
    assert checker.flows == {1: ("message to worker 7", "worker 7")} and checker.counts[schema.BEGIN] == checker.counts[schema.END]
    assert b"CPU 0" in data and b"worker 7" in data


@pytest.mark.parametrize("data, wanted", [
    (b"x", "whole number"), (recorded(), "no beginning|events of"), (recorded(*SOME)[:-32], "no beginning"),
    (recorded(*SOME, end=3), "events of 3"), (recorded(switch(9, 1, 2), switch(8, 2, 1)), "goes back"),
    (recorded(switch(9, 1, 2, cpu=5)), "CPU 5"),
    (recorded(b"\0" * 8 + b"\xee" + b"\0" * 23), "no kind 238"),
])
def test_broken_bytes_are_refused(data, wanted):
    with pytest.raises(events.TraceError, match=wanted):
        events.read(data)


def broken(change):
    """Complaints about a trace that `change` has made wrong."""
    trace = schema.Trace()
    trace.ParseFromString(perfetto.write(trace_model.Model(events.read(recorded(*SOME)), {0: "ipc_call"})))
    change(trace)
    return perfetto.check(trace.SerializeToString()).complaints


def last(trace, wanted):
    return [packet for packet in trace.packet if packet.track_event.type == wanted][-1]


@pytest.mark.parametrize("change, wanted", [
    (lambda trace: trace.packet.remove(last(trace, schema.END)), "never ends"),
    (lambda trace: trace.packet.remove(last(trace, schema.BEGIN)), "did not begin|never ends"),
    (lambda trace: setattr(last(trace, schema.END), "timestamp", 0), "clock goes back"),
    (lambda trace: setattr(last(trace, schema.END).track_event, "track_uuid", 99), "another kind"),
    (lambda trace: setattr(last(trace, schema.COUNTER).track_event, "counter_value", -1), "below zero"),
    (lambda trace: last(trace, schema.BEGIN).track_event.flow_ids.append(5), "flow 5 never ends"),
    (lambda trace: last(trace, schema.BEGIN).track_event.terminating_flow_ids.append(6), "does not go on"),
    (lambda trace: setattr([packet.track_event for packet in trace.packet
                            if packet.track_event.flow_ids][0], "name", "stack fault"),
     "leads from 'stack fault' to 'worker 7'"),
    (lambda trace: trace.packet.add(), "nothing in it"),
    (lambda trace: trace.packet.add().CopyFrom(trace.packet[0]), "described twice"),
])
def test_what_breaks_a_rule_is_seen(change, wanted):
    import re
    assert any(re.search(wanted, complaint) for complaint in broken(change)), broken(change)


def test_a_field_that_the_schema_does_not_have_is_seen():
    data = perfetto.write(trace_model.Model(events.read(recorded(*SOME)), {0: "ipc_call"}))
    assert "does not know" in perfetto.check(data + b"\xfa\x3e\x01x").complaints[-1]


FAULT = (event("FAULT", 10, small=2 | 6 << 8, a=5000, b=CODE + 0x3000),
         event("PATH", 11, a=CODE + 0x3010, b=TOP - 5000),
         event("PATH", 12, small=1, a=CODE + 0x2011, b=TOP - 900),
         event("PATH", 13, small=2, a=CODE + 0x1011, b=TOP - 100),
         event("PATH", 14, small=3, a=0x1011, b=TOP))


def test_a_fault_is_folded_by_page_and_path():
    recording = events.read(recorded(*FAULT))
    counts = flame.folded(recording, flame.Symbols(NAMES))
    assert flame.folded_text(counts) == "page 2;user mode;idle;worker;deep 2\n"
    assert "<title>deep: 2 pages</title>" in flame.svg(counts, "test")


def test_frames_are_measured_and_set_beside_the_compilers(tmp_path):
    (tmp_path / "obj").mkdir()
    (tmp_path / "obj" / "x.ci").write_text(
        'node: { title: "a.c:deep" label: "deep\\na.c:1:2\\n4000 bytes (static)" }\n')
    rows = depth.rows(events.read(recorded(*FAULT)), flame.Symbols(NAMES), str(tmp_path))
    assert rows == [("deep", 1, 4100.0, 4100, 4000), ("worker", 1, 800.0, 800, None),
                    ("idle", 1, 100.0, 100, None)]
    assert "deep" in depth.text(rows)


def test_the_profile_is_drawn_with_both_figures_of_a_function():
    drawn = depth_picture.svg([("deep", 1, 4100.0, 4100, 4000), ("worker", 1, 800.0, 800, None)])
    assert drawn.count(f'fill="{depth_picture.SEEN}"') == 3 and drawn.count(f'fill="{depth_picture.SAID}"') == 2
    assert ">deep<" in drawn and ">4,100 (4,100.0)<" in drawn and ">4,000<" in drawn and ">800 (800.0)<" in drawn


def test_the_picture_has_cpus_faults_and_stacks():
    recording = events.read(recorded(SOME[0], *FAULT, switch(30, 1, 7),
                                     event("FAULT", 60, small=1, a=9000, b=CODE), switch(70, 7, 1)))
    drawn = picture.draw(recording)
    assert "CPU 1" in drawn and drawn.count("#cb181d") == 2 and ">worker 7<" in drawn


def test_a_curve_begins_where_its_thread_first_runs_or_has_a_value():
    recording = events.read(recorded(SOME[0], switch(20, 1, 7), event("FAULT", 60, small=1, a=9000, b=CODE),
                                     switch(70, 7, 1)))
    made = trace_model.Model(recording, {})
    whole = picture.depth_curves(made.items, 0, 10**9, made.name)
    ran, faulted, left = [ns for ns, _ in whole[7]]
    assert [used for _, used in whole[7]][:2] == [0, 9000] and ran < faulted < left
    assert picture.depth_curves(made.items, left, 10**9, made.name)[7][0] == (faulted, 9000)


def test_the_live_view_follows_each_event():
    state = live.State()
    data = recorded(event("NAME", 5, thread=1), event("NAME", 5, thread=7), event("NAME", 5, thread=9),
                    switch(10, 1, 7), event("FAULT", 20, small=2 | 6 << 8, a=9000, b=CODE),
                    event("SWAP_OUT", 30, small=1, thread=9, a=1),
                    event("REFILL_END", 40, a=1, b=8 | 30 << 32), event("REACHED", 50, a=3))
    state.feed(data[:100])
    state.feed(data[100:-events.RECORD.size])
    lines = state.lines(80, 10)
    assert "3 stacks, 4 pages of 12 (67 % saved), deepest 9000 bytes" in lines[0]
    assert lines[1] == "magazines  CPU 0 ######## 8   reserve 30" and "fault" in lines[2]
    assert lines[3] == "10 c8 s0"
    state.feed(data[-events.RECORD.size:])
    assert state.over and state.lines(80, 10)[3] == "10 38 s0", "the fault is of the picture before"
    state.apply(events.Event(50, "SWITCH", 0, DEAD | 3 << 8, 7, 1, 8))
    assert state.lines(80, 10)[3] == "10 s0"
    assert state.lines(2, 4)[3] == "and 2 more" and state.lines(2, 5)[3:] == ["10", "s0"]


@pytest.mark.parametrize("used, shown", [(0, "10"), (1023, "10"), (1024, "11"), (10240, "1a"), (16384, "1f")])
def test_a_cell_has_the_depth_of_its_stack(used, shown):
    stack = live.Stack(used=used)
    assert stack.cell(0) == shown
    stack.swapped = True
    assert stack.cell(0) == "s" + shown[1]


def live_state(*parts, cpus=2):
    state = live.State()
    state.feed(b"".join([event("HEADER", 0, small=events.VERSION, a=1000, b=cpus), *parts]))
    return state


def test_rates_are_of_the_time_that_all_cpus_have_reached():
    # A thousand ticks a second. CPU 0 has been seen for a second, CPU 1 for half of one.
    parts = [switch(tsc, 1, 2, cpu=0) for tsc in range(100, 1001, 100)]
    parts += [switch(tsc, 3, 4, cpu=1) for tsc in range(50, 501, 50)]
    state = live_state(*parts)
    assert state.lines(80, 10)[2] == "a second   switch 30" and state.seconds() == 0.5
    state.feed(b"".join(switch(tsc, 3, 4, cpu=1) for tsc in range(550, 1001, 50)))
    assert state.lines(80, 10)[2] == "a second   switch 30" and state.seconds() == 1


def test_a_picture_that_is_drawn_again_keeps_its_rates_and_what_grew():
    state = live_state(event("NAME", 5, thread=7), switch(100, 1, 7), fault(200, 2, 6), cpus=1)
    shown = state.lines(80, 10)
    assert shown[2] == "a second   switch 5, fault 5" and shown[3].endswith("c4")
    assert state.lines(80, 10, begin=False)[1:] == shown[1:]
    state.feed(b"".join([switch(700, 7, 1), fault(800, 1, 5)]))
    again = state.lines(80, 10, begin=False)
    assert again[2] == shown[2], "the rates of the last whole picture"
    assert again[3].startswith("b"), "what grows meanwhile is seen at once"
    assert state.lines(80, 10)[2] == "a second   switch 2, fault 2", "of all the time since"


def test_a_cpu_with_nothing_to_tell_does_not_hold_the_picture_back():
    parts = [switch(tsc, 1, 2, cpu=0) for tsc in range(100, 1001, 100)]
    assert live_state(*parts).seconds() == 0
    state = live_state(*parts, event("REACHED", 950, a=2))
    assert state.seconds() == 0.95 and state.lines(80, 10)[2] == "a second   switch 9"
    assert live_state(*parts, event("REACHED", 950, a=1)).seconds() == 0, "CPU 1 is not in it"


def test_the_picture_takes_events_of_all_cpus_in_the_order_of_time():
    # Thread 7 leaves CPU 0 with one page, then CPU 1 with two; CPU 1's ring is written first.
    later = event("SWITCH", 200, 1, BLOCKED | 2 << 8, 7, 3, 8)
    state = live_state(later, event("SWITCH", 100, 0, BLOCKED | 1 << 8, 7, 1, 8), event("REACHED", 250, a=3))
    assert state.stacks[7].pages == 2


@pytest.mark.parametrize("full,wanted", [(0, "over"), (1, "over before the scenario, as a ring was full")])
def test_the_live_view_says_how_the_trace_ended(full, wanted):
    state = live.State()
    data = recorded(event("NAME", 1005, thread=1), full=full)
    state.feed(data[:events.RECORD.size])
    state.apply(events.Event(1000, "HEADER", 0, events.VERSION, 0, 10**9, 2))
    assert state.seconds() == 0 and state.end() == "the machine ended before its trace"
    state.feed(data[events.RECORD.size:])
    assert state.end() == wanted


def test_a_picture_of_the_live_view_is_that_with_most_faults(tmp_path):
    # A thousand ticks a microsecond, a picture for each 10 ms.
    def deeper(ms, thread, pages):
        return (switch(ms * 10**6, 1, thread), fault(ms * 10**6 + 1, pages, 6), switch(ms * 10**6 + 2, thread, 1))
    parts = [event("NAME", 5, thread=thread) for thread in (1, 7, 9)]
    parts += [*deeper(1, 7, 1), switch(11 * 10**6, 1, 1), *deeper(12, 9, 1), *deeper(14, 7, 2), switch(22 * 10**6, 1, 1),
              *deeper(23, 9, 1), switch(33 * 10**6, 1, 1)]
    (tmp_path / "x.bin").write_bytes(recorded(*parts, cpus=1))
    assert [grown for _, grown in watch_picture.pictures((tmp_path / "x.bin").read_bytes())] == [1, 2, 1]
    assert watch_picture.main([str(tmp_path / "x.bin"), str(tmp_path / "x.svg")]) == 0
    drawn = (tmp_path / "x.svg").read_text()
    assert drawn.count(f'fill="{watch_picture.GROWN}"') == 2 and ">     0.022 s   3 stacks" in drawn
    (tmp_path / "x.bin").write_bytes(recorded(event("NAME", 5, thread=1)))
    with pytest.raises(SystemExit, match="shorter than a picture"):
        watch_picture.main([str(tmp_path / "x.bin"), str(tmp_path / "x.svg")])


@pytest.mark.parametrize("cell, colour", [("10", watch_picture.PAGES[1]), ("4f", watch_picture.PAGES[4]),
                                          ("b2", watch_picture.GROWN), ("s1", watch_picture.SWAPPED)])
def test_a_cell_of_the_picture_has_the_colour_of_its_state(cell, colour):
    assert watch_picture.ground(cell) == colour
