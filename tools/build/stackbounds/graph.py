"""Builds the call graph of one kernel.

The graph comes from the compiler (.ci files), is checked against the listing, and is completed by
the annotations. A node is `function` or, for a static one, `file.c:function`.
"""

import fnmatch
import os
import re
from dataclasses import dataclass, field

from . import listing

NODE = re.compile(r'node: \{ title: "([^"]+)" label: "([^"]*)"( shape : ellipse)? \}')
EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"(?: label: "([^"]*)")? \}')
FRAME = re.compile(r"(\d+) bytes \(([^)]*)\)$")
EXPRESSION = re.compile(r"([A-Za-z_]\w*(?:(?:->|\.)\w+|\[[^]]*\])*)\s*\(")
CAST = re.compile(r"\)\s*(\w+)\)\s*\(")
CLONE = re.compile(r"\.(constprop|isra|part|cold|lto_priv)\b.*")
INDEX = re.compile(r"\[[^\]]*\]")
INDIRECT = "__indirect_call"


@dataclass
class Function:
    """One function: the bytes that a call of it takes, and the functions that it calls."""

    name: str
    bytes: int = 0
    place: str = ""
    calls: set = field(default_factory=set)
    pointers: dict = field(default_factory=dict)  # pointers of calls: "file:expression"
    dynamic: str = ""
    reach: int = 0  # of a depth section: how far it touches the stack, events apart


def base_name(name):
    """Returns a function's name in the source, without its file and the compiler's suffix."""
    return CLONE.sub("", name.rsplit(":", 1)[-1])


def source_lines(root, path, cache):
    """Returns the lines of a file, which is read once."""
    if path not in cache:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            cache[path] = file.read().splitlines()
    return cache[path]


def pointer_at(root, place, cache):
    """Returns `file:expression` of the call through a pointer at file:line:column."""
    path, line, column = place.rsplit(":", 2)
    path = os.path.normpath(path)
    text = source_lines(root, path, cache)[int(line) - 1][int(column) - 1:]
    match = CAST.search(text) if text.startswith("(") else EXPRESSION.match(text)
    return f"{path}:{re.sub(INDEX, '[]', match.group(1)) if match else text}"


def read_ci(text, root, cache, functions):
    """Adds the functions of one .ci file."""
    for line in text.splitlines():
        if match := NODE.match(line):
            title, label, outside = match.groups()
            frame = FRAME.search(label)
            if outside or not frame:
                continue
            function = functions.setdefault(title, Function(title))
            function.bytes = int(frame.group(1))
            function.place = label.split("\\n")[1] if "\\n" in label else ""
            if frame.group(2) == "dynamic":
                function.dynamic = "a frame whose size only the run knows (alloca or an array)"
        elif match := EDGE.match(line):
            source, target, place = match.groups()
            function = functions.setdefault(source, Function(source))
            if target == INDIRECT:
                function.pointers.setdefault(pointer_at(root, place, cache), place)
            else:
                function.calls.add(target)


class Graph:
    """All functions of a kernel by name, and the complaints about them."""

    def __init__(self, root="."):
        self.root = root
        self.functions = {}
        self.complaints = []
        self.remarks = []
        self.by_base = {}
        self.assembly = set()
        self.unresolved = []
        self.contents = {}   # of source files, read once
        self.hidden = set()  # functions with indirect calls that the compiler did not make

    def complain(self, text):
        """Stores a complaint, which makes the bounds invalid."""
        if text not in self.complaints:
            self.complaints.append(text)

    def load(self, directory, objects, listed):
        """Reads the .ci files beside the objects and checks them against the listing."""
        cache = self.contents
        for path in objects:
            ci = path[:-2] + ".ci"
            if path.endswith(".asm.o"):
                continue
            if not os.path.exists(ci):
                self.complain(f"{path}: the compiler wrote no call graph beside it")
                continue
            with open(ci, encoding="utf-8") as file:
                read_ci(file.read(), self.root, cache, self.functions)
        pushed = 0
        for path in objects:
            if not path.endswith(".asm.o"):
                source = self.source_of(path, directory)
                pushed += self._compare(listed[path], source)
        if pushed:
            self.remarks.append(f"{pushed} functions push more in inline assembly than the"
                                " compiler knows; the listing's figure is taken")
        self.index()

    def index(self):
        """Indexes functions by their name in the source."""
        self.by_base = {}
        for name in self.functions:
            self.by_base.setdefault(base_name(name), []).append(name)

    @staticmethod
    def source_of(path, directory):
        """Returns the source file of an object."""
        return os.path.relpath(path, directory)[:-2] + ".c"

    def name_of(self, source, symbol):
        """Returns the node that a symbol of an object stands for."""
        static = f"{source}:{symbol}"
        return static if static in self.functions else symbol

    def _compare(self, obj, source):
        """Compares frames and calls of one C object. Returns how many frames were too small."""
        pushed = 0
        for symbol in obj.starts:
            name = self.name_of(source, symbol)
            if obj.owner_of(symbol) != symbol or name not in self.functions:
                if obj.owner_of(symbol) == symbol and "." not in symbol[:1]:
                    self.complain(f"{source}: {symbol} is in the listing, but not in the"
                                  " compiler's call graph")
                continue
            function, code = self.functions[name], listing.walk(obj, symbol)
            if code.bytes + 8 > function.bytes:
                function.bytes = code.bytes + 8
                pushed += 1
            if code.dynamic:
                function.dynamic = function.dynamic or f"moves its stack pointer by {code.dynamic}"
            if code.indirect and not function.pointers:
                self.hidden.add(name)
            for target in code.calls | code.then:
                target = self.name_of(source, target) if target else ""
                if target and target != name:
                    function.calls.add(target)
        return pushed

    def _definition(self, name):
        """Returns the line of the source that defines a function."""
        if self.functions[name].place.count(":") != 2:
            return ""  # assembly
        path, line, _ = self.functions[name].place.split(":")
        return source_lines(self.root, path, self.contents)[int(line) - 1]

    def check_addresses(self, annotations, directory, taken, listed):
        """Checks functions whose address is taken, which can be called through a pointer. An
        annotation must name the callers, or say that there is none (`address`)."""
        known = set()
        for statement in annotations.of("indirect"):
            for pattern in statement.names:
                known.update(self.match(pattern.lstrip("?")))
        for statement in annotations.of("stack"):
            known.update(self.match(statement.names[0]))
        for statement in annotations.of("address") + annotations.of("excluded"):
            names = self.one(statement.key, statement.line, statement.word)
            statement.used = True
            unless = statement.names[0] if statement.word == "address" and statement.names else None
            known.update(name for name in names
                         if unless is None or unless not in self._definition(name))
        for path, references in taken.items():
            obj = listed[path]
            source = self.source_of(path, directory)
            for symbol, offset in references:
                label = obj.at.get((symbol, offset)) or (symbol if offset == 0 else None)
                name = self.name_of(source, label) if label else None
                if name in self.functions and name not in known:
                    self.complain(f"{name}: its address is taken in {path}: an annotation must"
                                  " name it as a target of some call, or say why it is none")

    def match(self, pattern):
        """Returns the functions of an annotation: a name, file.c:name, or a pattern of these."""
        pattern, _, word = pattern.partition("~")
        if word:
            return [name for name in self.match(pattern) if word in self._definition(name)]
        if ":" in pattern:
            return [name for name, function in self.functions.items() if fnmatch.fnmatchcase(
                f"{function.place.split(':')[0]}:{base_name(name)}", pattern)]
        if "*" in pattern:
            return [name for base in fnmatch.filter(self.by_base, pattern)
                    for name in self.by_base[base]]
        return self.by_base.get(pattern, [])

    def one(self, pattern, line, what):
        """Returns the functions that match. Complains if there is none, or if it is ambiguous."""
        if pattern == "none":
            return []
        optional = pattern.startswith("?")
        found = self.match(pattern.lstrip("?"))
        files = {name.rsplit(":", 1)[0] if ":" in name else "" for name in found}
        if not found and not optional:
            self.complain(f"annotations, line {line}: {what} {pattern}: there is no such function")
        elif "*" not in pattern and len(files) > 1:
            self.complain(f"annotations, line {line}: {what} {pattern} is ambiguous: "
                          + ", ".join(sorted(found)))
        return found

    def add_assembly(self, statements, listed, directory):
        """Adds assembly functions and checks their annotations against the listing."""
        for statement in statements:
            path, label = statement.key.split(":")
            obj = listed.get(os.path.join(directory, path[:-4] + ".asm.o"))
            if obj is None or label not in obj.starts:
                self.complain(f"annotations, line {statement.line}: assembly {statement.key}:"
                              " there is no such label")
                continue
            statement.used = True
            code = listing.walk(obj, label, whole_object=True)
            calls = {one or "?" for one in code.calls} | {f"*{one}" for one in code.indirect}
            called = {one.lstrip("?") for one in statement.names
                      if not one.startswith("?") or one[1:] in calls}
            for what, said, seen in (("bytes", statement.number, code.bytes),
                                     ("calls", called, calls),
                                     ("then", set(statement.then), code.then)):
                if said != seen:
                    self.complain(f"annotations, line {statement.line}: assembly {statement.key}:"
                                  f" {what}: the annotation says {_words(said)}, the listing"
                                  f" {_words(seen)}")
            function = Function(statement.key, code.bytes + 8, path)
            function.calls = {one for one in code.calls if one}
            function.pointers = {f"{path}:{one}": statement.key for one in code.indirect}
            function.call_depths = code.call_depths
            self.functions[label] = function
            self.assembly.add(label)
        self.index()

    def check_calls(self, reached):
        """Complains about calls with unknown targets. Tests are left out of the bounds, so in tests
        only calls count that other code can reach."""
        matters = {name for name, function in self.functions.items()
                   if name in reached or not function.place.startswith("tests/")}
        for name in sorted(matters):
            for target in sorted(self.functions[name].calls):
                if target not in self.functions:
                    self.complain(f"{name}: calls {target}, of which nothing is known: neither"
                                  " compiled here nor annotated as assembly")
        for name, pointer, place in self.unresolved:
            if name in matters:
                self.complain(f"{name} calls through a pointer at {place}: an annotation must name"
                              f" what that may be: indirect {pointer} = FUNCTION ...")

    def resolve(self, annotations):
        """Replaces calls through pointers by calls of every function that the annotations name."""
        targets = {}
        for statement in annotations.of("indirect"):
            targets[statement.key] = [
                name for pattern in statement.names
                for name in self.one(pattern, statement.line, f"target of {statement.key}:")]
        for function in self.functions.values():
            for pointer, place in function.pointers.items():
                if annotations.find("indirect", pointer) is None:
                    self.unresolved.append((function.name, pointer, place))
                function.calls.update(targets.get(pointer, ()))
        for name in sorted(self.hidden):
            if annotations.find("excluded", base_name(name)) is None:
                self.complain(f"{name}: the listing has an indirect call, the compiler's call"
                              " graph has none")


def _words(value):
    return str(value) if isinstance(value, int) else " ".join(sorted(value)) or "none"
