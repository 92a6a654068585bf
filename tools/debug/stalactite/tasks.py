"""Reads the tasks, their handles, and the memory of their threads in user mode."""

from .memory import Memory, MemoryFault
from .threads import called, listed

RIGHTS = "dtsrRWXm"  # as the monitor's `handles` shows them, bit 0 first


class Handle:
    """An open handle: its number, type, rights and badge, and the object that it names."""

    def __init__(self, number, kind, rights, badge, address):
        self.number = number
        self.kind = kind
        self.rights = "".join(letter if rights >> bit & 1 else "-"
                              for bit, letter in enumerate(RIGHTS))
        self.badge = badge
        self.address = address


class Tasks:
    """All tasks of the kernel."""

    def __init__(self, memory):
        self.memory = memory
        self.facts = memory.facts

    def all(self):
        """Returns every task of the kernel's list."""
        return listed(self.memory, self.facts.address("tasks"), "task")

    def find(self, text):
        """Returns the task with this id or name, or None."""
        return called(self.all(), text)

    def frames(self, task):
        """Returns the frames that a task has, and its limit."""
        quota = self.memory.structure("frame_quota", task.quota)
        return quota.used, quota.limit

    def handles(self, task):
        """Returns the open handles of a task."""
        constant, entry = self.facts.constant, self.facts.structure("handle_entry")
        found = []
        for index in range(task.get("handles.entries")):
            chunk = task.get("handles.chunks")[index // constant("HANDLE_CHUNK_ENTRIES")]
            place = chunk + index % constant("HANDLE_CHUNK_ENTRIES") * entry["size"]
            one = self.memory.structure("handle_entry", place)
            if one.check & constant("CHECK_OPEN"):
                generation = one.check >> constant("CHECK_GENERATION_SHIFT")
                kind = (one.check & constant("CHECK_TYPE_MASK")) >> constant("CHECK_TYPE_SHIFT")
                found.append(Handle(generation << constant("HANDLE_INDEX_BITS") | index,
                                    self.facts.word("object_type", kind, "OBJECT_"),
                                    one.check & 0xff, one.badge, one.object))
        return found

    def memory_of(self, thread):
        """Returns the memory that a thread sees in user mode, or None if it has no user mode."""
        if not thread.user:
            return None
        user = self.memory.structure("user_thread", thread.user)
        tables = self.memory.structure("user_tables", user.get("context.tables"))
        return UserMemory(self.memory, tables.root)


class UserMemory(Memory):
    """Memory by the page tables with this root, whichever a processor has loaded."""

    def __init__(self, memory, root):
        super().__init__(memory.facts)
        self._memory, self._root = memory, root

    def read(self, address, count):
        data, page_bytes = b"", self.facts.constant("PAGE_BYTES")
        while len(data) < count:
            here = address + len(data)
            physical = self.walk(here).physical
            if physical is None:
                raise MemoryFault(f"nothing is mapped at {here:#x}")
            data += self.read_physical(physical, min(count - len(data),
                                                     page_bytes - here % page_bytes))
        return data

    def read_physical(self, address, count):
        return self._memory.read_physical(address, count)

    def cr3(self):
        return self._root
