#!/usr/bin/env python3
"""Doxygen's input filter: the tree's plain comments become what Doxygen reads.

The rules are those by which a person reads them. A comment above a declaration is about it, and
about those that follow without a blank line and without a comment of their own; one behind a
declaration is about that one; an enum's is about the enumerators on the enum's own line; the first
sentence of a class's is about its constructors and its destructor. A header's head is about the
type that the header is named after: its first paragraph, and the one that says who may call it.
What is `protected` is hidden, and so are the copies that a class does not allow.

No line is added or taken away, so that Doxygen's line numbers are the header's.
"""

import itertools
import re
import sys
from pathlib import Path

COMMENT = re.compile(r"//.*$")
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"|' r"'(?:[^'\\]|\\.)'")
TYPE = re.compile(r"^\s*(?:template <.*> )?(class|struct|union|enum)\b")
SCOPE = re.compile(r"^\s*(namespace|extern _ ?$)")
ACCESS = re.compile(r"^(public|protected|private):$")
ONE_LINE_ENUM = re.compile(r"enum\b.*\{(.*)\};$")
COMMAND = re.compile(r"[\\@<>&#%]")
DIAGRAM = "    "
# Comments that are for a tool, and about nothing.
FOR_A_TOOL = re.compile(r"\s*(clang-format (on|off)|NOLINT)")


def words(comment):
    """Text for Doxygen: none of it a command; a diagram stays as it is."""
    safe = comment.replace("/*", "/ *").replace("*/", "* /")
    return safe if safe.startswith(DIAGRAM) else COMMAND.sub(lambda m: "\\" + m[0], safe)


def split(line):
    """A line's code, and its comment with the column where it begins (None: there is none)."""
    found = COMMENT.search(LITERAL.sub(lambda m: "_" * len(m[0]), line))
    if not found:
        return line.rstrip(), None, None
    text = line[found.start() + 2:].rstrip()
    return line[:found.start()].rstrip(), words(text.removeprefix(" ")), found.start()


def prose(lines):
    return " ".join(line.strip() for line in lines)


def named(code):
    """The name of the type that a line declares."""
    bare = re.sub(r"PIVOT_\w+(\([^)]*\))?|alignas\(\w+\)|\[\[.*?\]\]|<.*?>+|template", " ", code)
    name = re.split(r"[:{;]", bare, maxsplit=1)[0].split()
    return name[-1] if name else ""


class Reader:
    def __init__(self, title, head):
        self.title = title      # the type that the header is named after, and its head's text
        self.head = head
        self.braces = []        # per open brace: "class", "enum", "namespace"; None: a body
        self.types = []         # per open type: its name and what is said of it
        self.opening = None     # the same of the type that is being declared
        self.statement = ""     # the code so far of the declaration that is being read
        self.above = []         # the comment's lines right above
        self.shared = None      # the comment that a paragraph's later declarations share
        self.behind = None      # where a comment behind code began, on the line before
        self.in_macro = False   # the line before was a macro's, and ended in a backslash

    def in_body(self):
        return None in self.braces

    def line(self, text):
        if self.in_macro:
            self.in_macro = text.endswith("\\")
            return text
        code, comment, column = split(text)
        if code:
            self.behind = column
            if code.lstrip().startswith("#"):
                return self.directive(code, comment)
            return self.declaration(code, comment)
        if comment is None:
            self.above, self.shared, self.behind = [], None, None
            return ""
        if self.in_body() or FOR_A_TOOL.match(comment):
            return ""
        if self.behind == column and column:
            return " " * column + "///< " + comment
        self.above.append(comment)
        self.shared = prose(self.above)
        return " " * column + "/// " + comment

    def directive(self, code, comment):
        self.in_macro = code.endswith("\\")
        if not code.startswith("#define") or self.above or code.endswith("\\"):
            comment = None
        elif comment is None:
            comment = self.shared
        self.above = []
        return code + (f"  ///< {comment}" if comment else "")

    def about(self, code):
        """What is said of the declaration that this line begins, other than right above it."""
        if self.shared:
            return self.shared
        if TYPE.match(code):
            return self.head if named(code) == self.title else None
        if self.types and re.search(r"(^|[ ~])" + re.escape(self.types[-1][0]) + r"\(", code):
            return re.split(r"(?<=\.) ", self.types[-1][1] or "", maxsplit=1)[0] or None
        return None

    def declaration(self, code, comment):
        bare = LITERAL.sub("_", code).strip()
        if ACCESS.match(bare):
            self.above, self.shared = [], None
            return code.replace("protected:", "private:")
        was_body = self.in_body()
        if not self.statement and not was_body and not bare.startswith("}"):
            code = self.begun(code, bare, comment)
        self.follow(bare)
        is_about = comment is not None and not was_body and not bare.startswith("}")
        return code + (f"  ///< {comment}" if is_about else "")

    def begun(self, code, bare, comment):
        """The first line of a declaration."""
        own, self.above = bool(self.above), []
        if bare.endswith("= delete;"):
            return ""
        about = self.about(bare)
        if TYPE.match(bare):
            self.opening = (named(bare), about)
        enumerators = ONE_LINE_ENUM.match(bare)
        if enumerators and about:
            each = [f"{name.strip()} /**< {about} */" for name in enumerators[1].split(",")]
            code = code[:code.index("{") + 1] + ", ".join(each) + "};"
        if not own and about and comment is None:
            code = f"/** {about} */ {code}"
        return code

    def follow(self, bare):
        """Keeps count of the braces and of where a declaration ends."""
        for char in bare:
            if char == "{":
                kind = None
                if not self.in_body():
                    found = SCOPE.search(self.statement) or TYPE.search(self.statement)
                    kind = found and found[1].strip()
                self.braces.append(kind)
                if kind:
                    self.shared = None
                    self.types.append(self.opening or ("", None))
                    self.opening = None
                self.statement = ""
            elif char == "}":
                if self.braces.pop():
                    self.types.pop()
                self.statement = ""
            elif char == ";" or (char == "," and self.braces and self.braces[-1] == "enum"):
                self.statement = ""
            else:
                self.statement += char
        self.statement = self.statement.strip() and self.statement.strip() + " "


def summary(head):
    """Of a header's head the first paragraph, and the one that says who may call it."""
    paragraphs = [prose(lines) for more, lines in itertools.groupby(head, key=bool) if more]
    return " ".join(paragraphs[:1] + [text for text in paragraphs[1:] if "Who:" in text])


def linked(text):
    """A page's links to headers as Doxygen has them."""
    return re.sub(r"\]\(\.\./([^)]*\.hpp)\)", r"](@ref \1)", text)


def filtered(text, stem):
    """What Doxygen reads in place of the header of that name."""
    lines = text.splitlines()
    head = []
    for line in lines:
        if not line.startswith("//"):
            break
        head.append(split(line)[1])
    reader = Reader("".join(word.capitalize() for word in stem.split("_")), summary(head))
    return "\n".join("/// @file" if line == "#pragma once" and head else reader.line(line)
                     for line in lines) + "\n"


if __name__ == "__main__":
    source = Path(sys.argv[1])
    content = source.read_text(encoding="utf-8")
    sys.stdout.write(linked(content) if source.suffix == ".md" else filtered(content, source.stem))
