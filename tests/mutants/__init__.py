"""The table of mutants: kernels with one protection removed.

runner/mutants.py builds each mutant and boots it. The test that the table names must fail.

Each file of this folder is a part of the table, about one subject. It holds the paths of the files
that its mutants edit, and the tuple MUTANTS. A new file needs no registration.

Mutant(name, invariant, test, words, edits, modes, builds, cpus, cmdline, nodes). An edit is
(file, old code, new code), without comments. The old code appears in the file exactly once. The
invariants are those of runner/mutant.py:INVARIANTS. `words` matches the message of the failed test
or of the panic in it.
"""

import importlib
import pkgutil

PARTS = sorted(part.name for part in pkgutil.iter_modules(__path__) if not part.name.startswith("_"))
MUTANTS = tuple(mutant for part in PARTS
                for mutant in importlib.import_module(f"{__name__}.{part}").MUTANTS)
