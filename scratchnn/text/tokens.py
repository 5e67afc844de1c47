"""Text into tokens, and back."""

from __future__ import annotations

from collections.abc import Iterator

from scratchnn.errors import DataError

END_OF_LINE = "<eos>"
LEVELS = ("char", "word")


def tokenize(text: str, level: str) -> Iterator[str]:
    """Characters (``"char"``), or words split at white space with ``<eos>`` at the end of each line (``"word"``)."""
    if level == "char":
        yield from text
    elif level == "word":
        for line in text.splitlines():
            yield from line.split()
            yield END_OF_LINE
    else:
        raise DataError(f"unknown level {level!r}; choose one of {', '.join(LEVELS)}")


def join_tokens(tokens: list[str], level: str) -> str:
    """Readable text: the opposite of ``tokenize``, up to white space between words."""
    if level == "char":
        return "".join(tokens)
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == END_OF_LINE:
            lines.append([])
        else:
            lines[-1].append(token)
    return "\n".join(" ".join(line) for line in lines)
