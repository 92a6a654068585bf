"""Reads the kernel's figures from its debugging information: constants (macros), enumerations, the
layout of structures, the addresses of variables. Nothing is copied from a header by hand, so the
facts always agree with the code.

Within gdb, `collect()` reads them. Other programs call `load(kernel)`, which has gdb do it.
"""

import json
import os
import re
import subprocess

# Functions whose files know all the macros that this module reads.
MACROS_AT = ("stack_fault", "thread_init", "descriptors_load", "lapic_any_in_service",
             "magazine_charge", "paging_walk", "fred_start", "handle_open")
STRUCTURES = ("thread", "magazine", "stack_use", "trap_frame", "task_state", "list_node",
              "first_frame", "idt_entry", "fred_frame", "space_page_question", "task", "frame_quota",
              "handle_entry", "user_thread", "user_tables")
ENUMERATIONS = ("thread_state", "stack_page_state", "object_type")
# Variables that debuggers read, with the file of a static one.
VARIABLES = {name: name for name in (
    "magazine", "stack_use", "cpu_task_state", "percpu_offset", "thread_running",
    "stack_fault_observer")}
VARIABLES.update({"threads": "'sched/core/thread_list.c'::threads",
                  "cpus_online": "'arch/x86_64/cpu/percpu.c'::online_count",
                  "fred_active": "entry_mode_fred",
                  "tasks": "'kernel/task/task.c'::tasks",
                  "entry_stack_names": "'arch/x86_64/entry/descriptors.c'::entry_stack_names"})
LABELS = ("entry_path_begin", "entry_path_end", "entry_page_fault_stub", "stack_fault_path",
          "stack_fault_path_end", "thread_switch", "thread_switch_end", "thread_trampoline", "fred_entry_user", "fred_entry_kernel",
          "fred_level_leave", "__percpu_start", "__percpu_end")

NAME = re.compile(r"\b[A-Za-z_]\w*\b")
SUFFIX = re.compile(r"\b(0[xX][0-9a-fA-F]+|\d+)[uUlL]+\b")
ARITHMETIC = re.compile(r"[0-9a-fA-FxX\s()|&~^<>+*/%-]+")


class FactsError(Exception):
    """The kernel's debugging information lacks a requested fact."""


class Facts:
    """The facts about one kernel: integers and names only."""

    def __init__(self, data):
        self.macros = data["macros"]
        self.enumerations = data["enumerations"]
        self.structures = data["structures"]
        self.variables = data["variables"]
        self._constants = {}

    def constant(self, name):
        """Returns the value of an integer macro."""
        if name not in self._constants:
            self._constants[name] = self._evaluate(name, ())
        return self._constants[name]

    def has_constant(self, name):
        """Returns whether this kernel has such a macro."""
        return name in self.macros

    def _evaluate(self, name, above):
        if name not in self.macros or name in above:
            raise FactsError(f"the debugging information has no constant {name}: was this kernel"
                             " compiled with -g3?")
        text = SUFFIX.sub(r"\1", re.sub(r"/\*.*?\*/", "", self.macros[name]))
        text = re.sub(r"\bLAYOUT_ADDRESS\(([^()]*)\)", r"(\1)", text)
        text = NAME.sub(lambda match: str(self._evaluate(match.group(), (*above, name)))
                        if not match.group()[0].isdigit() else match.group(), text)
        if not ARITHMETIC.fullmatch(text):
            raise FactsError(f"{name} is not a number: {self.macros[name]}")
        return int(eval(text.replace("/", "//"), {"__builtins__": {}}))  # pylint: disable=eval-used

    def enumerator(self, enumeration, name):
        """Returns the value of one word of an enumeration."""
        try:
            return self.enumerations[enumeration][name]
        except KeyError as error:
            raise FactsError(f"there is no {name} in enum {enumeration}") from error

    def word(self, enumeration, value, prefix):
        """Returns the word for a value in small letters without its prefix: `hole` for 2."""
        for name, known in self.enumerations[enumeration].items():
            if known == value:
                return name.removeprefix(prefix).lower().replace("_", " ")
        return f"unknown ({value})"

    def structure(self, name):
        """Returns {"size": bytes, "fields": {name: {offset, size, signed, count, text}}}."""
        try:
            return self.structures[name]
        except KeyError as error:
            raise FactsError(f"there is no struct {name}") from error

    def address(self, name):
        """Returns the address of a variable or label. A per-CPU one has that of the first copy."""
        if self.variables.get(name) is None:
            raise FactsError(f"there is no variable or label {name}")
        return self.variables[name]


def _flatten(gdb, type_, prefix, base, fields):
    for field in type_.fields():
        if not hasattr(field, "bitpos") or field.bitsize:
            continue
        kind = field.type.strip_typedefs()
        offset = base + field.bitpos // 8
        name = prefix + (field.name or "")
        if kind.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
            _flatten(gdb, kind, f"{name}." if field.name else prefix, offset, fields)
            continue
        count = None
        if kind.code == gdb.TYPE_CODE_ARRAY:
            element = kind.target().strip_typedefs()
            count = kind.sizeof // element.sizeof if element.sizeof else 0
            text = element.code == gdb.TYPE_CODE_INT and element.name == "char"
            if element.code in (gdb.TYPE_CODE_STRUCT, gdb.TYPE_CODE_UNION):
                fields[name] = {"offset": offset, "size": element.sizeof, "signed": False,
                                "count": count, "text": False}
                continue
            kind = element
        else:
            text = False
        pointer = kind.code == gdb.TYPE_CODE_PTR
        string = pointer and kind.target().strip_typedefs().unqualified().sizeof == 1
        signed = getattr(kind, "is_signed", False) if kind.is_scalar else False
        fields[name] = {"offset": offset, "size": kind.sizeof, "signed": bool(signed),
                        "count": count, "text": text, "string": string and name == "name"}


def _structure(gdb, name):
    try:
        type_ = gdb.lookup_type(f"struct {name}")
    except gdb.error:
        return None
    fields = {}
    _flatten(gdb, type_, "", 0, fields)
    return {"size": type_.sizeof, "fields": fields}


def _macros(gdb):
    found = {}
    for place in MACROS_AT:
        try:
            text = gdb.execute(f"info macros {place}", to_string=True)
        except gdb.error:
            continue
        found.update(re.findall(r"^#define (\w+) (\S.*)$", text, re.MULTILINE))
    return found


def _address(gdb, expression):
    try:
        return int(gdb.parse_and_eval(f"(unsigned long)&{expression}"))
    except gdb.error:
        return None


def collect(gdb):
    """Reads the facts of the kernel that gdb has loaded. `gdb` is gdb's own module."""
    enumerations = {}
    for name in ENUMERATIONS:
        fields = gdb.lookup_type(f"enum {name}").fields()
        enumerations[name] = {field.name: field.enumval for field in fields}
    variables = {name: _address(gdb, text) for name, text in VARIABLES.items()}
    variables.update({name: _address(gdb, name) for name in LABELS})
    structures = {name: _structure(gdb, name) for name in STRUCTURES}
    return {"macros": _macros(gdb), "enumerations": enumerations, "variables": variables,
            "structures": {name: made for name, made in structures.items() if made}}


def load(kernel):
    """Starts a gdb that reads the facts of a kernel's file, and returns them."""
    directory = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    program = (f"import sys; sys.path.insert(0, {directory!r}); import gdb, json;"
               "from stalactite import facts; print('FACTS ' + json.dumps(facts.collect(gdb)))")
    try:
        done = subprocess.run(["gdb", "-nx", "-batch", "-ex", f"python {program}", kernel],
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)
    except OSError as error:
        raise FactsError("gdb, which reads the kernel's debugging information, is missing:"
                         " `make doctor` says which package has it") from error
    match = re.search(r"^FACTS (.*)$", done.stdout, re.MULTILINE)
    if not match:
        raise FactsError(f"gdb tells nothing about {kernel}:\n{done.stderr.strip()}")
    return Facts(json.loads(match.group(1)))
