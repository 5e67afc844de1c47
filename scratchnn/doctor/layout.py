"""Lines of at most ``COLUMNS`` characters for facts and advice."""

from __future__ import annotations

import re
import textwrap

COLUMNS = 80
NAME_WIDTH = 14  # of the left column


def row(name: str, text: str) -> list[str]:
    """The lines of a table row: a name on the left, a text on the right."""
    indent = " " * (NAME_WIDTH + 2)
    return textwrap.wrap(f"  {name:<{NAME_WIDTH}}{text}", COLUMNS, subsequent_indent=indent, break_on_hyphens=False)


def paragraph(text: str) -> list[str]:
    """The lines of a paragraph."""
    return textwrap.wrap(text, COLUMNS, break_on_hyphens=False, break_long_words=False)


def command_line(text: str) -> str:
    """A command to copy, on an indented line of its own."""
    return "    " + text


def dotted(version: tuple[int, int]) -> str:
    """``(12, 4)`` as ``12.4``."""
    return ".".join(map(str, version))


def first_two_numbers(version: str) -> tuple[int, ...]:
    """``2.0.0rc1`` as ``(2, 0)``, to compare versions."""
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
