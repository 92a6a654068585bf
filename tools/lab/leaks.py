"""Looks for text of a solution in a student's tree.

Both are read as words and numbers, without anything between. So a solution is found in another file, in a
comment, and in a string that quotes it line by line. RUN words in a row that stand in a solution, and
anywhere in the student's tree, are a leak, if TELLING of them are not words of any code, and unless
labs/allowed-words has them with a reason: given code looks alike by nature.
"""

import re

RUN, TELLING = 6, 3
ANY_CODE = frozenset("""if else for while do return break continue switch case default goto static const volatile struct
    enum extern void bool int unsigned long char size_t uint8_t uint16_t uint32_t uint64_t uintptr_t error OK NULL
    true false likely unlikely i j count n sizeof""".split())
ESCAPE = re.compile(r"\\[nt]")
WORD = re.compile(r"\w+")
C_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
ASM_COMMENT = re.compile(r";[^\n]*")


def words_of(text):
    """Returns the words and numbers of a text."""
    return WORD.findall(ESCAPE.sub(" ", text))


def runs(words):
    """Returns the set of all runs of RUN words that tell something."""
    every = {tuple(words[i:i + RUN]) for i in range(len(words) - RUN + 1)}
    return {run for run in every
            if sum(word not in ANY_CODE and not word[0].isdigit() for word in set(run)) >= TELLING}


def without_comments(path, body):
    """Returns a region's code without its comments."""
    return (ASM_COMMENT if path.endswith((".asm", ".inc")) else C_COMMENT).sub(" ", body)


def solution_runs(solutions):
    """Returns {run: name of its region} of {key: (path, Region)}: of the code alone, and of the code with
    its comments."""
    found = {}
    for (_, name), (path, region) in solutions.items():
        for text in (without_comments(path, region.body), region.body):
            found.update({run: name for run in runs(words_of(text))})
    return found


def read_allowed(text):
    """Returns the runs that labs/allowed-words allows: each line is a text, `#` begins a reason."""
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("# ")]
    return set().union(*(runs(words_of(line)) for line in lines)) if lines else set()


def find(texts, solutions, allowed=frozenset()):
    """Returns complaints: which files of {path: text} have text of which solution."""
    wanted = {run: name for run, name in solution_runs(solutions).items() if run not in allowed}
    firsts = {run[0] for run in wanted}
    complaints = []
    for path, text in sorted(texts.items()):
        words = words_of(text)
        for i in range(len(words) - RUN + 1):
            if words[i] in firsts and (run := tuple(words[i:i + RUN])) in wanted:
                complaints.append(f"{path}: has text of the solution of {wanted[run]}: {' '.join(run)}")
                break
    return complaints
