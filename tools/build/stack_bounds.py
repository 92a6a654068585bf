#!/usr/bin/env python3
"""Computes how deep every stack of a kernel can get, and fails if one may overflow.

    tools/build/stack_bounds.py [--verbose] [--json FILE] [--annotations FILE] BUILD-DIRECTORY

The program reads the build's files in BUILD-DIRECTORY: the compiler's call graphs with the bytes of
each function (obj/**/*.ci), the objects (through objdump), offsets.inc and kernel.nm. Facts that
the compiler cannot know are in tools/build/stack_bounds.annotations. docs/stack-bounds.md explains
the figures.
"""

import argparse
import glob
import hashlib
import json
import os
import sys

from stackbounds import annotations, bounds, depth, graph, listing, sites, stacks

HERE = os.path.dirname(os.path.abspath(__file__))
RECURSION_LIMIT = 20000  # this program follows the kernel's call chains by recursion


def parse_arguments(arguments):
    """Parses the options of this program."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", maxsplit=1)[0])
    parser.add_argument("build", help="a directory such as build/release")
    parser.add_argument("--annotations", default=os.path.join(HERE, "stack_bounds.annotations"))
    parser.add_argument("--json", help="also write the bounds here, for the test runner")
    parser.add_argument("--objdump", default="objdump")
    parser.add_argument("--root", default=os.path.dirname(os.path.dirname(HERE)), help="where the sources are")
    parser.add_argument("--verbose", action="store_true", help="print the paths, too")
    return parser.parse_args(arguments)


def read(path):
    """Returns the text of a file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def linked_objects(build, directory):
    """Returns the objects that the kernel is linked from. The build's stamp lists them. Other
    objects in the directory are left over from deleted sources."""
    objects = sorted(glob.glob(os.path.join(directory, "**", "*.o"), recursive=True))
    stamp = os.path.join(build, "objects")
    if not os.path.exists(stamp):
        return objects
    names = {os.path.abspath(os.path.join(build, "..", "..", word)) for word in read(stamp).split()
             if word.endswith(".o")}
    return [name for name in objects if os.path.abspath(name) in names]


def calculate(options):
    """Returns (graph, bounds, all stacks, annotations)."""
    said = annotations.parse(read(options.annotations))
    directory = os.path.join(options.build, "obj")
    objects = linked_objects(options.build, directory)
    if not objects:
        sys.exit(f"stack_bounds.py: no objects in {directory}")
    listed = listing.read(objects, options.objdump)
    calls = graph.Graph(options.root)
    calls.load(directory, objects, listed)
    calls.add_assembly(said.of("assembly"), listed, directory)
    sites.add(calls, listed, sites.read(objects, options.objdump), directory)
    calls.resolve(said)
    calls.check_addresses(said, directory, listing.addresses(objects, options.objdump), listed)
    depths = bounds.Bounds(calls, said)
    values = stacks.constants(read(os.path.join(options.build, "offsets.inc")),
                              read(os.path.join(options.build, "kernel.nm")))
    calculation = stacks.Calculation(calls, depths, values)
    depth.add(calls, listed, depth.read(objects, options.objdump), directory,
              calculation.preemption_bytes())
    calls.complaints += calculation.depth_complaints()
    found = list(calculation.entry_stacks()) + list(calculation.fred_levels())
    for statement in said.of("stack"):
        statement.used = True
        found.append(calculation.other_stack(statement))
    found.append(calculation.room_after_move())
    for statement in said.of("section"):
        statement.used = True
        found.append(calculation.section(statement))
    calls.check_calls(depths.reached)
    for name in sorted(depths.reached):
        if calls.functions[name].dynamic:
            calls.complain(f"{name}: {calls.functions[name].dynamic}")
    for statement in said.statements:
        if not statement.used:
            calls.complain(f"annotations, line {statement.line}: {statement.word} {statement.key}:"
                           " nothing needs this")
    return calls, depths, found, said


def read_marks(build):
    """Returns the suite's marks for exactly this kernel, by name, and the number of runs."""
    path, kernel = os.path.join(build, "stack-marks.json"), os.path.join(build, "kernel.elf")
    if not os.path.exists(path) or not os.path.exists(kernel):
        return {}, 0
    kept = json.loads(read(path))
    with open(kernel, "rb") as file:
        same = kept["kernel"] == hashlib.sha256(file.read()).hexdigest()
    return (kept["marks"], kept["runs"]) if same else ({}, 0)


def marks_of(stack, marks):
    """Returns the marks that belong to a stack: its own, or those of all threads."""
    return {name: mark for name, mark in marks.items()
            if name == stack.name or name.startswith(stack.name + " ")}


def print_stack(stack, verbose, marks):
    """Prints one line for a stack, and the call chain if `verbose` is set."""
    if not stack.used:
        print(f"  {stack.name:15} not used in this build")
        return
    own = marks_of(stack, marks)
    measured = max(own.values(), default="-")
    print(f"  {stack.name:15} {measured:>8} {stack.ordinary:8} {stack.bound:8} of {stack.limit:5}"
          f" {stack.nested:8} of {stack.nested_limit:5}")
    if verbose:
        for name, mark in sorted(own.items()):
            print(f"      {mark:6}  measured: {name}")
        for name, count in stack.parts:
            print(f"      {count:6}  {name}")
        print("      the deepest way:")
        for name, count in stack.path:
            print(f"      {count:6}    {name}")


def print_report(build, found, depths, calls, said, verbose):
    """Prints the whole report."""
    marks, runs = read_marks(build)
    print(f"Stacks of the {os.path.basename(os.path.normpath(build))} kernel, in bytes;"
          + (f" measured in {runs} runs of the suite:" if runs else
             " this kernel has run no suite yet (make test):"))
    print("  stack           measured ordinary    with a panic  with a fault at the deepest point")
    for stack in found:
        print_stack(stack, verbose, marks)
    if not verbose:
        return
    print("Not covered:")
    for statement in said.of("uncovered"):
        print(f"  {statement.reason}")
    for statement in said.of("excluded"):
        print(f"  {statement.key}: {statement.reason}")
    for text in sorted(depths.recursions):
        print(f"  taken from an annotation: {text}")
    for text in calls.remarks:
        print(f"  ({text})")


def main(arguments):
    """Runs the program and returns the exit status."""
    sys.setrecursionlimit(RECURSION_LIMIT)
    options = parse_arguments(arguments)
    try:
        calls, depths, found, said = calculate(options)
    except annotations.AnnotationError as error:
        print(f"stack_bounds.py: {options.annotations}: {error}")
        return 1
    name = os.path.basename(os.path.normpath(options.build))
    print_report(options.build, found, depths, calls, said, options.verbose)
    complaints = calls.complaints + [text for stack in found for text in stack.complaints()]
    for text in complaints:
        print(f"stack_bounds.py: {name}: {text}")
    if not complaints and options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump({stack.name: vars(stack) for stack in found if stack.used}, file, indent=1)
            file.write("\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
