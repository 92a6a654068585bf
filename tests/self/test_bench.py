"""The report of figures and the comparison of commits: figures are read, repeated, compared, drawn."""

import csv
import json
import os
import re
import subprocess
import sys

import pytest
from conftest import ROOT

sys.path.insert(0, os.path.join(ROOT, "tools", "bench"))
import compare  # noqa: E402  # pylint: disable=wrong-import-position
import machine as machines  # noqa: E402  # pylint: disable=wrong-import-position
import million  # noqa: E402  # pylint: disable=wrong-import-position
import plots  # noqa: E402  # pylint: disable=wrong-import-position
import record  # noqa: E402  # pylint: disable=wrong-import-position
import report  # noqa: E402  # pylint: disable=wrong-import-position
import tables  # noqa: E402  # pylint: disable=wrong-import-position

MODES = {mode.name: mode for mode in machines.MODES}
OUTPUT = """\
# two readings of the counter differ by 20 ticks; taken off
# switch: least 99, most 200, 1000 samples
BENCH switch {switch} instructions
BENCH idle_thread_bytes 4370 bytes
SERIES macro_tree_stack_kib 0 100
SERIES macro_tree_stack_kib 1500 120
BENCH macro_tree_instructions 900 instructions
BENCH macro_tree_stack_mean 110 KiB
# end of benchmarks
"""
# A QEMU that prints one file the first time it is started, and another one from then on.
FAKE = """#!/bin/sh
if [ "$1" = --version ]; then echo 'QEMU 0'; exit; fi
echo x >>"$0.runs"
if [ "$(wc -l <"$0.runs")" = 1 ]; then cat "$0.first"; else cat "$0.later"; fi
exit {status}
"""


def lines(switch=100):
    return OUTPUT.format(switch=switch).splitlines()


def run(mode="fault", switch=100, **more):
    return machines.parse(machines.Machine(MODES[mode], **more), lines(switch))


@pytest.fixture
def qemu(tmp_path, monkeypatch):
    """Puts a QEMU in place whose output and status the test chooses."""
    path = tmp_path / "qemu"

    def put(first, later=None, status=33):
        path.write_text(FAKE.format(status=status))
        path.chmod(0o755)
        (tmp_path / "qemu.first").write_text(first)
        (tmp_path / "qemu.later").write_text(first if later is None else later)
    monkeypatch.setenv("QEMU", str(path))
    return put


def test_figures_are_read_with_their_spread_and_series():
    one = run()
    assert one.figures[0] == machines.Figure("switch", 100, "instructions", 99, 200, 1000)
    assert one.figures[1] == machines.Figure("idle_thread_bytes", 4370, "bytes")
    assert one.series == {"macro_tree_stack_kib": [(0, 100), (1500, 120)]}


def test_a_machine_that_ends_early_is_an_error():
    with pytest.raises(machines.BenchError, match="before its last figure"):
        machines.parse(machines.Machine(MODES["fault"]), lines()[:-1])


def test_cycles_are_not_called_instructions():
    one = run(accel="kvm")
    assert one.figures[0].unit == "cycles" and one.figures[1].unit == "bytes"
    assert "-icount" not in one.machine.command("k", "a")


def test_what_differs_in_a_second_run_is_named():
    assert run().same_as(run()) == []
    assert run().same_as(run(switch=101)) == ["switch"]
    other = run()
    other.series["macro_tree_stack_kib"][1] = (1500, 121)
    assert run().same_as(other) == ["macro_tree_stack_kib"]
    other.series["macro_tree_stack_kib"][1] = (1501, 120)
    assert run().same_as(other) == [], "while the CPU is idle the clock is not that exact"
    other.series["macro_tree_stack_kib"][1] = (1511, 120)
    assert run().same_as(other) == ["macro_tree_stack_kib"]
    assert machines.same_figure(machines.Figure("a", 7, "us"), machines.Figure("a", 8, "us"))
    assert not machines.same_figure(machines.Figure("a", 7, "KiB"), machines.Figure("a", 8, "KiB"))


def test_tables_compare_scenarios_with_eager_stacks():
    eager = run("eager")
    eager.figures[-1] = machines.Figure("macro_tree_stack_mean", 440, "KiB")
    first, second = tables.make([eager, run(), run(seed=2, switch=120)])
    assert first.rows[1] == ["switch", "instructions", "100", "100 (100-120)"]
    assert second.title == "Scenario tree, 1 CPU, 512 MiB"
    assert second.rows[-2:] == [["instructions against eager", "percent", "+0.0 %", "+0.0 %"],
                                ["stack memory saved, mean", "percent", "+0.0 %", "+75.0 %"]]
    assert "| switch | instructions | 100 | 100 (100-120) |" in first.markdown()
    assert first.text().splitlines()[2].split() == ["figure", "unit", "eager", "fault"]


def test_a_table_compares_what_threads_do_with_their_stacks():
    table = tables.make([run("eager"), run(), run(seed=2, switch=120), run(ipc="handoff", switch=150)])[1]
    assert table.title == "Stack handoff: ipc=keep and ipc=handoff, 1 CPU, 512 MiB"
    assert table.rows[:2] == [["switch, keep", "instructions", "-", "100"],
                              ["switch, handoff", "instructions", "-", "150"]]
    assert "ipc=handoff " in run(ipc="handoff").machine.command("k", "a")[-1]
    assert "ipc=" not in run().machine.command("k", "a")[-1], "old commits do not know the word"


def test_records_say_how_they_were_taken(tmp_path):
    (tmp_path / "flags").write_text("gcc (X) 12.2 x-gcc -std=gnu11 -O2 -f elf64\n")
    facts = record.about(ROOT, str(tmp_path / "kernel.elf"), commit="abc")
    assert (facts["commit"], facts["compiler"]) == ("abc", "gcc (X) 12.2")
    assert facts["flags"] == "-std=gnu11 -O2 -f elf64"
    record.write(tmp_path, facts, [run()])
    with open(tmp_path / "records.csv", encoding="utf-8", newline="") as file:
        row = next(csv.DictReader(file))
    assert [row[key] for key in ("commit", "mode", "name", "value", "least", "samples")] == [
        "abc", "fault", "switch", "100", "99", "1000"]
    kept = json.loads((tmp_path / "records.json").read_text())
    assert kept["about"] == facts and kept["series"][0]["points"] == [[0, 100], [1500, 120]]


def test_plots_have_a_column_for_each_mode():
    runs = [run("eager"), run()]
    values, units, modes = tables.collect(runs)
    scripts = plots.scripts(runs, values, modes, units)
    assert "set ylabel 'instructions'" in scripts["switches"] and "set ylabel 'bytes'" in scripts["memory"]
    assert "switch\t100\t100" in scripts["switches"] and "threads" not in scripts
    assert "1.5 120" in scripts["macro_tree_stack_kib-1-512"]


def test_bars_beside_each_other_have_one_unit():
    with open(os.path.join(ROOT, "tests", "bench", "landed.json"), encoding="utf-8") as file:
        units = {name: unit for name, (_, unit) in json.load(file)["rows"]["bench-fault"].items()}
    assert all(len({units[name] for name in names}) == 1 for _, _, names in plots.BARS)


def test_bars_leave_out_a_mode_that_has_none_of_the_figures():
    values = {(1, 512, "stack_fault_1"): {"fault": [44], "lend": [45]}}
    script = plots.bars("x", ["stack_fault_1"], values, ["eager", "fault", "lend"], {"stack_fault_1": "instructions"})
    assert "name\tfault\tlend\nstack_fault_1\t44\t45\n" in script and "NaN" not in script
    assert "using 2:xtic(1) lt 2 title" in script and "using 3:xtic(1) lt 3 title" in script, "the colours of the modes"


def test_each_figure_of_the_report_that_has_neighbours_is_drawn():
    drawn = {name for _, _, names in plots.BARS for name in names}
    with open(os.path.join(ROOT, "tests", "bench", "landed.json"), encoding="utf-8") as file:
        known = {name for row in json.load(file)["rows"].values() for name in row}
    assert drawn <= known, "a plot of figures that no benchmark prints is left out in silence"
    assert {"syscall_null", "ipc_roundtrip", "notify_roundtrip", "user_fault", "pager_fault", "swap_out_one_16"} <= drawn


def test_a_shootdown_is_drawn_by_the_number_of_cpus():
    values = {(cpus, 512, "shootdown"): {"fault": [value], "eager": [value]} for cpus, value in ((4, 600), (1, 70), (2, 300))}
    script = plots.scripts([], values, ["eager", "fault"], {"shootdown": "instructions"})["shootdown"]
    assert "name\teager\tfault\n1 CPU\t70\t70\n2 CPUs\t300\t300\n4 CPUs\t600\t600\nEOD" in script
    assert "set ylabel 'instructions, the sum over all CPUs'" in script
    one = plots.scripts([], {(1, 512, "shootdown"): {"fault": [70]}}, ["fault"], {"shootdown": "instructions"})
    assert "shootdown" not in one, "one number of CPUs shows no growth"


def test_savings_of_all_scenarios_stand_in_one_plot():
    values = {}
    for name, eager, fault in (("tree", 1000, 600), ("blocked", 2000, 500)):
        values[1, 512, f"macro_{name}_stack_mean"] = {"eager": [eager], "fault": [fault, fault + 1, 9000]}
        values[1, 512, f"macro_{name}_instructions"] = {"eager": [eager], "fault": [eager + 10]}
    values[1, 32, "macro_blocked_stack_mean"] = {"eager": [100], "fault": [1]}
    values[1, 512, "macro_server_stack_mean"] = {"fault": [3]}
    scripts = plots.scripts([], values, ["eager", "fault"], {})
    assert "name\tfault\ntree\t39.9\nblocked\t75.0\nEOD" in scripts["saved-mean"], "the median of the seeds, 512 MiB"
    assert "set ylabel 'percent less than with eager stacks'" in scripts["saved-mean"]
    assert "name\tfault\ntree\t1.0\nblocked\t0.5\nEOD" in scripts["instructions-more"]
    assert "yrange [*:*]" in scripts["instructions-more"], "a mode may take less"
    assert "saved-most" not in scripts, "no figure, no plot"
    assert "saved-mean" not in plots.scripts([], {(1, 512, "macro_tree_stack_mean"): {"fault": [3]}}, ["fault"], {})


def test_a_curve_in_the_records_says_in_which_machine(tmp_path):
    record.write(tmp_path, {"commit": "c", "compiler": "c", "flags": "f", "emulator": "e"}, [run(memory_mib=32)])
    with open(tmp_path / "records.json", encoding="utf-8") as file:
        assert [curve["memory_mib"] for curve in json.load(file)["series"]] == [32]


def test_cycles_stand_with_their_spread():
    kvm = run(accel="kvm")
    rows = tables.make([kvm])[0].rows
    assert rows[1:] == [["switch", "cycles", "100"], ["switch, least-most", "cycles", "99-200"]]
    assert len(tables.make([run()])[0].rows) == 2, "counts repeat, so records.csv is enough"


def test_the_page_says_which_mode_to_choose_and_refers_to_nothing(tmp_path):
    report.write_page(tmp_path / "page.html", {"commit": "abc"}, ["a note"], "qemu", tables.make([run("eager"), run()]), [])
    page = (tmp_path / "page.html").read_text()
    assert "<h2>Which one to choose (from docs/comparison.md)</h2>" in page and "a note" in page
    assert "A kernel engineer should choose fault where" in page
    assert not re.search(r"<[^>]+(src|href)=\"(?!data:)", page) and "<td></td>" not in page


def test_curves_that_are_equal_are_all_seen():
    runs = [run(), run("eager"), run(ipc="handoff")]
    values, units, modes = tables.collect(runs)
    script = plots.scripts(runs, values, modes, units)["macro_tree_stack_kib-1-512"]
    assert "'Scenario tree: stack memory, 1 CPU, 512 MiB'" in script and "[0:1.5]" in script
    widths = [float(width) for width in re.findall(r"lw (\S+) lt \d+ dt 1 ", script)]
    assert len(widths) == 2 and widths[0] > widths[1], "the one below is the wider one"
    assert "dt 2 title 'fault, handoff'" in script
    assert "set xlabel 'seconds of guest time'" in plots.lines_over_time(
        "x", {("fault", "keep"): [(0, 1), (60000000, 2)]})
    assert "set ylabel 'KiB'" in script
    large = plots.lines_over_time("x", {("fault", "keep"): [(0, 1024), (60000000, 80 * 1024)]})
    assert "set ylabel 'MiB'" in large and "\n0.0 1\n60.0 80\n" in large, "axes have no figures of five digits"


def test_each_scenario_has_a_machine_of_its_own():
    todo = report.plan([MODES["fault"]], [1, 2], [4], "*", "tcg")
    labels = [machine.label for machine in todo]
    assert len(labels) == len({*labels}) and labels[0] == "fault, 1 CPU, seed 1"
    assert "fault, 1 CPU, macro_tree, seed 2" in labels and "fault, 4 CPUs, shootdown, seed 1" in labels
    assert "fault, 1 CPU, macro_idle, seed 2" not in labels, "it chooses nothing at random"
    assert "fault, 1 CPU, macro_blocked, 32 MiB, seed 1" in labels
    assert "fault, ipc=handoff, 1 CPU, macro_crowd, seed 1" in labels
    alike = [machine.ipc for machine in todo if machine.patterns == machines.IPC_SINGLE]
    assert alike == ["keep", "handoff"], "memory depends on what ran before"
    scenarios = set()
    for name in ("macro_benchmark.c", "macro_user_benchmark.c"):
        with open(os.path.join(ROOT, "tests", "bench", name), encoding="utf-8") as file:
            scenarios |= {*re.findall(r"BENCHMARK_SCENARIO\((\w+)\)", file.read())}
    assert scenarios == {*machines.SCENARIOS}


def test_scenarios_that_patterns_choose_have_machines_of_their_own_too():
    todo = report.plan([MODES["fault"]], [1, 2], [4], "switch,macro_tree,macro_c*", "tcg")
    assert [machine.label for machine in todo] == [
        "fault, 1 CPU, switch, seed 1", "fault, 1 CPU, macro_tree, seed 1", "fault, 1 CPU, macro_tree, seed 2",
        "fault, 1 CPU, macro_churn, seed 1", "fault, 1 CPU, macro_churn, seed 2", "fault, 1 CPU, macro_crowd, seed 1",
        "fault, 1 CPU, macro_crowd, seed 2", "fault, ipc=handoff, 1 CPU, macro_crowd, seed 1"]


def report_lines(tmp_path, monkeypatch, capsys):
    """Runs the report without gnuplot and without a page; returns its status and what it said."""
    monkeypatch.setattr(plots, "draw", lambda *arguments: [])
    monkeypatch.setattr(report, "write_page", lambda *arguments: None)
    status = report.main(["--modes", "fault", "--seeds", "1", "--cpus", "",
                          "--bench", "switch", "--out", str(tmp_path / "out"), "--kernel", "none", "--archive", "none"])
    said = capsys.readouterr()
    return status, said.out + said.err


def test_a_report_tells_its_progress_and_writes_tables(tmp_path, monkeypatch, capsys, qemu):
    qemu(OUTPUT.format(switch=100))
    status, said = report_lines(tmp_path, monkeypatch, capsys)
    assert status == 0 and "[1/1] fault, 1 CPU, switch, seed 1: 4 figures" in said
    assert "switch" in (tmp_path / "out" / "tables.txt").read_text()
    assert len((tmp_path / "qemu.runs").read_text().split()) == 2
    status, said = report_lines(tmp_path, monkeypatch, capsys)
    assert status == 0 and "seed 1: 4 figures, kept" in said
    assert len((tmp_path / "qemu.runs").read_text().split()) == 2, "a second report starts no machine"


def test_counts_that_do_not_repeat_fail_the_report(tmp_path, monkeypatch, capsys, qemu):
    qemu(OUTPUT.format(switch=100), OUTPUT.format(switch=101))
    status, said = report_lines(tmp_path, monkeypatch, capsys)
    assert status == 1 and "a second run differs in switch" in said
    assert not (tmp_path / "out").exists()


def test_a_machine_that_fails_fails_the_report(tmp_path, monkeypatch, capsys, qemu):
    qemu(OUTPUT.format(switch=100), status=37)
    status, said = report_lines(tmp_path, monkeypatch, capsys)
    assert status == 1 and "QEMU ended with status 37" in said


def test_the_hosts_processor_has_one_vendor():
    assert [mode.name for mode in report.chosen_modes([])] == [mode.name for mode in machines.MODES]
    there = report.chosen_modes([], "kvm")
    assert [mode.name for mode in there] == ["eager", "fault", "lend", "prefault", "prefault-check"]
    assert all("host" == machines.Machine(mode, accel="kvm").command("k", "none")[6] for mode in there)
    with pytest.raises(machines.BenchError, match="no mode lend-amd"):
        report.chosen_modes(["lend-amd"], "kvm")


def test_an_unknown_mode_is_named():
    with pytest.raises(machines.BenchError, match="there is no mode lent; there are: eager, "):
        report.chosen_modes(["lent"])


def test_changes_are_sorted_by_size():
    before = {"a": [100, "x"], "b": [100, "x"], "c": [7, "x"], "gone": [1, "x"]}
    after = {"a": [110, "x"], "b": [50, "x"], "c": [7, "x"], "new": [2, "x"]}
    assert compare.differences(before, after) == [
        ["b", "x", "100", "50", "-50.0 %"], ["a", "x", "100", "110", "+10.0 %"],
        ["new", "x", "", "2", "new"], ["gone", "x", "1", "", "gone"]]
    assert compare.change(0, 3) == float("inf")


MILLION = """\
# 500 of 1000 sleep, 77 MiB free
# thread 123 cannot be created: no memory
BENCH million_blocked {blocked} threads
BENCH million_bytes 600 bytes
BENCH million_create 1600 instructions
BENCH million_swap_out 2100 instructions
BENCH million_wake_to_end 6000 instructions
BENCH million_right 1000 threads
# end of benchmarks
"""


@pytest.mark.parametrize("blocked", [1000, 999])
def test_all_threads_of_the_million_must_have_been_there(tmp_path, monkeypatch, capsys, qemu, blocked):
    qemu(MILLION.format(blocked=blocked))
    drawn = []
    monkeypatch.setattr(plots, "run_gnuplot", lambda script, path: drawn.append(script))
    status = million.main(["--counts", "1000", "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert "fault: 500 of 1,000 sleep, 77 MiB free" in said.out
    if blocked == 1000:
        assert status == 0 and "1000 600" in drawn[0]
        text = (tmp_path / "out" / "million.txt").read_text()
        assert "With eager stacks: thread 123 cannot be created: no memory" in text
    else:
        assert status == 1 and "million_blocked is 999 instead of 1000" in said.err


def test_the_cost_of_a_thread_may_not_depend_on_their_number():
    def taken(create, wake):
        return machines.Run(None, [machines.Figure("million_create", create, "instructions"),
                                   machines.Figure("million_wake_to_end", wake, "instructions")], {})
    flat = [taken(9000, 9000), taken(1543, 6899), taken(1492, 7017)]
    assert million.slope(flat, [10, 1000, 20000]) is None, "ten threads are too few"
    assert million.slope([taken(1600, 6462), taken(1500, 7773)], [1000, 1000000]) == (
        "million_wake_to_end is from 6,462 to 7,773: it depends on the number of threads")


USERS = """\
BENCH million_user_blocked 1000 threads
BENCH million_user_bytes 1700 bytes
BENCH million_user_left {left} threads
# end of benchmarks
"""


@pytest.mark.parametrize("left", [0, 1])
def test_the_million_has_user_threads_with_and_without_a_stack(tmp_path, capsys, qemu, left):
    qemu(USERS.format(left=left))
    status = million.main(["--user", "--counts", "1000", "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    if left == 0:
        text = (tmp_path / "out" / "million-user.txt").read_text()
        assert status == 0 and "keep, as many as fit" in text and "handoff, 1,000" in text
    else:
        assert status == 1 and "not all user threads have ended" in said.err


MAKEFILE = """\
all build/release/kernel.elf build/boot.tar:
\t@mkdir -p build/release; cp figures build/release/kernel.elf
"""


def test_two_commits_are_built_and_compared(tmp_path, monkeypatch, capsys, qemu):
    def git(*arguments):
        subprocess.run(["git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@b.c",
                        *arguments], check=True, stdout=subprocess.PIPE)
    git("init", "-q")
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for text in ("one", "two"):
        (tmp_path / "figures").write_text(text)
        git("add", "Makefile", "figures")
        git("commit", "-q", "-m", text)
    qemu(OUTPUT.format(switch=100), OUTPUT.format(switch=90))
    monkeypatch.setattr(compare, "ROOT", str(tmp_path))
    monkeypatch.setattr(compare, "PLACE", str(tmp_path / "build" / "bench" / "commits"))
    arguments = ["HEAD~1", "HEAD", "--modes", "fault"]
    assert compare.main(arguments) == 0
    said = capsys.readouterr().out
    assert "1 of 4 differ" in said and "-10.0 %" in said
    assert compare.main(arguments) == 0  # from the files that were kept
    assert "building" not in capsys.readouterr().out
    assert sorted(name[40:] for name in os.listdir(compare.PLACE)) == [".json", ".json"]
    assert compare.main(["nothing", "HEAD"]) == 1
    assert "nothing" in capsys.readouterr().err
