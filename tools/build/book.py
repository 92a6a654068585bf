#!/usr/bin/env python3
"""Makes the book: HTML with a search that needs no network, and one page to print.

The chapters are the files in docs/, which are readable as they are. Sphinx and MyST need a little
more, which this program adds to a copy of them: tables of contents, made from the tables in the
index pages; and behind each citation `file:symbol` a link to the code it names, which is read from
the tree at each build. A paragraph that is a citation behind "Code:" is replaced by that code.

Usage: book.py OUTPUT [TREE]
"""

import os
import re
import shutil
import subprocess
import sys

HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(HERE, "tools", "check"))

import check_citations  # noqa: E402
import tree  # noqa: E402

OUTSIDE = ("README.md", "CONTRIBUTING.md", "CHANGES.md", "CAVEATS.md")  # beside docs/
LEXERS = {".c": "c", ".h": "c", ".asm": "nasm", ".inc": "nasm", ".py": "python", ".mk": "make",
          ".ld": "text", ".sh": "bash"}
DEFINITIONS = (  # what the line looks like that defines a symbol, the likeliest first
    r"^(?!typedef|return)[a-z][\w \*]*\b{0}\(",
    r"^{0}:",
    r"^\s*(?:%macro|%define|#define|def|class)\s+{0}\b",
    r"^(?:static )?(?:struct|enum|union) {0} \{{",
    r"^[a-z][\w \*]*\b{0}\b[^(]*(?:=|;|\[)",
    r"^\s*{0}\b",
    r"\b{0}\b",
)


def lines_of(root, name, symbol):
    """Returns the first and the last line, from 1, of the code in a file that defines a symbol."""
    lines = tree.read(root, name).splitlines()
    code = check_citations.code_only(name, "\n".join(lines)).splitlines()
    if len(code) != len(lines):
        code = lines
    for pattern in DEFINITIONS:
        expression = re.compile(pattern.format(re.escape(symbol)))
        starts = [number for number, line in enumerate(code) if expression.search(line)
                  and not (pattern is DEFINITIONS[0] and prototype(code, number)
                           and name.endswith(".c"))]
        if starts:
            first = starts[0]
            break
    else:
        raise SystemExit(f"book: no {symbol} in {name}")
    last = end_of(name, lines, code, first)
    while first > 0 and re.match(r"\s*(/?\*|//|;|#(?!\w))", lines[first - 1]):
        first -= 1  # the comment above it
    return first + 1, last + 1


def end_of(name, lines, code, first):
    """Returns the last line of the definition that begins in line `first`, both from 0."""
    def before(ends, most=400):
        last = first
        while not ends(last) and last + 1 < min(len(lines), first + most):
            last += 1
        return last

    if lines[first][0].isspace():
        return first
    if name.endswith((".c", ".h")):
        if lines[first].startswith("#"):
            return before(lambda number: not lines[number].endswith("\\"))
        if code[first].rstrip().endswith(";"):
            return first
        if prototype(code, first):
            return before(lambda number: ";" in code[number], 12)
        return before(lambda number: lines[number].startswith("}"))
    following = lines[first + 1:] + [""]
    if name.endswith(".py"):
        return before(lambda number: following[number - first][:1] not in (" ", ")")
                      and following[number - first] != "" or following[number - first:][:2] ==
                      ["", ""])
    return before(lambda number: not following[number - first].strip(), 60)


def prototype(code, number):
    """Says whether a declaration without a body begins in this line."""
    for line in code[number:number + 12]:
        if "{" in line:
            return False
        if ";" in line:
            return True
    return True


def shown(root, name, symbol):
    """Returns the directive that shows the code of a symbol."""
    first, last = lines_of(root, name, symbol)
    lexer = LEXERS.get(os.path.splitext(name)[1], "text")
    return (f"```{{literalinclude}} /tree/{name}\n:language: {lexer}\n:lines: {first}-{last}\n"
            f":lineno-match:\n```\n")


class Book:
    """The copy of the chapters that Sphinx reads."""

    def __init__(self, root, source):
        self.root = root
        self.source = source
        self.cited = {}  # file -> symbols

    def cite(self, match, up):
        """Returns a span in backticks, as a link if it cites code."""
        citation = check_citations.CITATION.match(match.group(1))
        if not citation or check_citations.complaint(self.root, match.group(1)):
            return match.group(0)
        name, symbol = citation.groups()
        if not os.path.isfile(os.path.join(self.root, name)):
            return match.group(0)
        symbols = self.cited.setdefault(name, [])
        if symbol not in symbols:
            symbols.append(symbol)
        return f"[{match.group(0)}]({up}code/{name}.md#{symbol.lower()})"

    def code_of(self, match):
        """Returns what stands in place of a paragraph that is code."""
        return f"`{match[1]}`:\n\n" + shown(self.root, match[1], match[2])

    def page_add(self, name, text, contents=()):
        """Writes a page that lies at `name` in the book."""
        up = "../" * name.count("/")
        text = re.sub(r"(?m)^Code: `([\w./-]+):(\w+)`$", self.code_of, text)
        pieces = re.split(r"(?ms)(^```.*?^```$)", text)
        pieces[::2] = [re.sub(r"(?<!\[)`([^`\n]+)`(?!\])", lambda match: self.cite(match, up), piece)
                       for piece in pieces[::2]]
        text = "".join(pieces)
        if contents:
            text += "\n```{toctree}\n:hidden:\n" + "\n".join(contents) + "\n```\n"
        path = os.path.join(self.source, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def chapters_add(self):
        """Writes the chapters of docs/ and the pages beside it."""
        for folder, _, names in os.walk(os.path.join(self.root, "docs")):
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), os.path.join(self.root, "docs"))
                if name.endswith(".md") and not path.startswith("book/"):
                    self.chapter_add(path)
        for name in OUTSIDE:
            text = tree.read(self.root, name)
            self.page_add(name, re.sub(r"\]\(docs/", "](", text))

    def chapter_add(self, path):
        """Writes one chapter; an index page gets a table of contents from its links."""
        text = tree.read(self.root, "docs/" + path)
        depth = path.count("/")
        text = re.sub(r"\]\(" + r"\.\./" * (depth + 1), "](" + "../" * depth, text)
        contents = []
        if os.path.basename(path) == "index.md":
            links = re.findall(r"(?m)^\|.*?\]\(([\w/.-]+\.md)\)", text)
            contents = list(dict.fromkeys(link[:-3] for link in links))
        if path == "index.md":
            contents += [name[:-3] for name in OUTSIDE] + ["code/index"]
        self.page_add(path, text, contents)

    def code_add(self):
        """Writes a page for each file that was cited, with the code of the symbols."""
        names = sorted(self.cited)
        for name in names:
            text = f"# {name}\n"
            for symbol in sorted(self.cited[name]):
                text += f"\n## {symbol}\n\n{shown(self.root, name, symbol)}"
            self.page_add(f"code/{name}.md", text)
        self.page_add("code/index.md", "# The code that is cited\n\nRead from the tree when the "
                      "book was made.\n", [f"{name}.md" for name in names])


def sphinx(builder, source, output):
    """Runs Sphinx; its warnings are errors. What one builder has read of the source the next one takes."""
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", builder, "-c",
               os.path.join(HERE, "docs", "book"), "-d", os.path.join(os.path.dirname(output), "read"), source, output]
    print(f"  BOOK {os.path.relpath(output)}", flush=True)
    if subprocess.run(command, check=False).returncode != 0:
        raise SystemExit("book: Sphinx has complaints, above")


def main():
    """Makes the book in the folder that the command line names."""
    output, root = sys.argv[1], (sys.argv[2:] or [HERE])[0]
    source = os.path.join(output, "source")
    for old in (source, os.path.join(output, "read")):
        shutil.rmtree(old, ignore_errors=True)
    os.makedirs(source)
    for folder in ("pictures", "images"):
        shutil.copytree(os.path.join(root, "docs", folder), os.path.join(source, folder))
    os.symlink(root, os.path.join(source, "tree"))
    book = Book(root, source)
    book.chapters_add()
    book.code_add()
    sphinx("html", source, os.path.join(output, "html"))
    sphinx("singlehtml", source, os.path.join(output, "page"))
    print(f"The book: {output}/html/index.html; to print: {output}/page/index.html")


if __name__ == "__main__":
    main()
