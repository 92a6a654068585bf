"""Finds the longest path through a call graph, in bytes.

A function is examined in the context of its callers, if annotations make a difference. With
interrupts off nothing reschedules, so a path ends at a function that would reschedule (`off-ends`).
Below some functions a pointer leads to fewer targets (`under`). A function that never returns
(`end`: the panic) is counted separately. The ordinary depth leaves it out. The full depth adds it
once, at its deepest caller.
"""

from dataclasses import dataclass, field

from .graph import base_name


OFF = ""  # part of a context: interrupts are off


@dataclass
class Depth:
    """The bytes below a call, and the path there as one (function, bytes) for each step."""

    bytes: int = 0
    path: list = field(default_factory=list)


class Bounds:
    """Computes depths in one graph under one set of annotations."""

    def __init__(self, graph, annotations):
        self.graph = graph
        self.names = {}
        self.under = {}
        for statement in annotations.of("under"):
            statement.used = True
            banned = {name for pattern in statement.names
                      for name in graph.one(pattern, statement.line, "under ... never")}
            for name in graph.one(statement.key, statement.line, "under"):
                self.under[name] = banned
        for word in ("end", "off", "off-ends", "excluded", "recursion"):
            self.names[word] = {}
            for statement in annotations.of(word):
                statement.used = True
                for name in graph.one(statement.key, statement.line, word):
                    self.names[word][name] = statement
        self.components = {}
        self.edges = {}
        self.excluded = set()
        self.recursions = set()
        self.reached = set()

    def _edges(self, node):
        """Returns the nodes that a node leads to. A node is (function, context). The context holds
        the functions above it that make a difference, and OFF if interrupts are off."""
        name, context = node
        if node in self.edges:
            return self.edges[node]
        self.reached.add(name)
        banned = set().union(*(self.under[one] for one in context if one in self.under))
        edges = self.edges[node] = []
        if OFF in context and name in self.names["off-ends"]:
            return edges
        for target in sorted(self.graph.functions[name].calls):
            if target in self.names["excluded"]:
                self.excluded.add(target)
            elif (target in self.graph.functions and target not in self.names["end"]
                  and target not in banned):
                edges.append((target, self._enter(target, context)))
        return edges

    def _enter(self, name, context):
        """Returns the context inside a function that is called in this context."""
        if name in self.names["off"]:
            context = context | {OFF}
        return context | {name} if name in self.under else context

    def _ends(self, node):
        """Returns whether this function calls an end."""
        return any(one in self.names["end"] for one in self.graph.functions[node[0]].calls)

    def _bytes(self, node):
        return self.graph.functions[node[0]].bytes

    def _find_components(self, start):
        """Returns the reachable strongly connected components (Tarjan), each before its callers."""
        index, low, stack, order = {}, {}, [], []

        def visit(node):
            index[node] = low[node] = len(index)
            stack.append(node)
            for target in self._edges(node):
                if target in self.components:
                    continue
                if target not in index:
                    visit(target)
                    low[node] = min(low[node], low[target])
                elif target in stack:
                    low[node] = min(low[node], index[target])
            if low[node] == index[node]:
                members = []
                while True:
                    members.append(stack.pop())
                    if members[-1] == node:
                        break
                for member in members:
                    self.components[member] = members
                order.append(members)

        if start not in self.components:
            visit(start)
        return order

    def _weight(self, members):
        """Returns a component's bytes: one frame, or the annotated rounds of a recursion."""
        total = sum(self._bytes(node) for node in members)
        if len(members) == 1 and members[0] not in self._edges(members[0]):
            return total
        for name, statement in self.names["recursion"].items():
            if any(node[0] == name for node in members):
                self.recursions.add(f"{name}: {statement.number} rounds: {statement.reason}")
                return total * statement.number
        self.graph.complain("recursion without a bound: " + self._circle(members))
        return total

    def _circle(self, members):
        """Returns one circle of calls, for the message."""
        node, way = members[-1], []
        while node not in way:
            way.append(node)
            node = next(target for target in self._edges(node) if target in members)
        return " -> ".join(base_name(one[0]) for one in way[way.index(node):] + [node])

    def depth(self, name, off, end=None, reaches=False):
        """Returns the depth of a call of `name`. `end` is the depth of an end, None for nothing.
        With `reaches` the depth sections below `name` count with what they touch, if that is more."""
        if name not in self.graph.functions:
            self.graph.complain(f"there is no function {name}")
            return Depth()
        start = (name, self._enter(name, frozenset({OFF} if off else ())))
        self._find_components(start)
        best = {}

        def visit(members):
            key = members[0]
            if key in best:
                return best[key]
            below = Depth()
            for node in members:
                for target in self._edges(node):
                    if self.components[target] is not members:
                        found = visit(self.components[target])
                        reach = self.graph.functions[target[0]].reach if reaches else 0
                        if reach > found.bytes:
                            found = Depth(reach, [(base_name(target[0]) + " touches", reach)])
                        below = found if found.bytes > below.bytes else below
                if end is not None and self._ends(node) and end.bytes > below.bytes:
                    below = end
            weight = self._weight(members)
            name = " / ".join(sorted({base_name(node[0]) for node in members}))
            best[key] = Depth(weight + below.bytes, [(name, weight)] + below.path)
            return best[key]

        return visit(self.components[start])

    def after_off_ends(self):
        """Yields the depth of each function where a path with interrupts off ends, with its calls as
        if interrupts were off from there on."""
        for name in self.names["off-ends"]:
            function = self.graph.functions[name]
            own = function.bytes
            for target in sorted(function.calls):
                if target in self.graph.functions and not (
                        target in self.names["end"] or target in self.names["excluded"]):
                    found = self.depth(target, True)
                    yield Depth(own + found.bytes, [(base_name(name), own)] + found.path)

    def panic_depth(self):
        """Returns (the deepest panic, the deepest panic with a panic inside it)."""
        first = second = Depth()
        for name in self.names["end"]:
            found = self.depth(name, True)
            first = found if found.bytes > first.bytes else first
        for name in self.names["end"]:
            found = self.depth(name, True, first)
            second = found if found.bytes > second.bytes else second
        return first, second
