"""The register of exercises: each is a question, the signature of the function to write, and a checker.

A checker takes the reader's function (an ``Answer``) and yields one explanation, a plain sentence or two, for each mistake
that it finds; nothing if the answer is right.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from scratchnn.book.exercises.answer import Answer
from scratchnn.errors import DataError

CHAPTER_FILE = re.compile(r"ch\d\d(_\w+)?")  # the exercises of a chapter may be in several files
COLUMNS = 80

Checker = Callable[[Answer], Iterator[str]]


@dataclass(frozen=True)
class Exercise:
    """One question.

    Attributes:
        chapter, number: 5 and 2 for exercise 5.2.
        title: a few words.
        head: the function to write, with its arguments: ``softmax(x)``.
        statement: the question.
        checker: yields an explanation for each mistake in an answer.
        hints: steps towards the answer, the first one small.
    """

    chapter: int
    number: int
    title: str
    head: str
    statement: str
    checker: Checker
    hints: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Chapter and number: ``5.2``."""
        return f"{self.chapter}.{self.number}"

    @property
    def function(self) -> str:
        """Name of the function to write."""
        return self.head.partition("(")[0]

    def template(self) -> str:
        """A file to start from."""
        question = textwrap.indent(self.statement, "    ")
        return (
            f'"""Exercise {self.name}: {self.title}.\n\n'
            f'    python -m scratchnn exercise {self.name} FILE.py    # checks this file\n"""\n\n'
            f'import numpy as np\n\n\ndef {self.head}:\n    """{question.strip()}\n    """\n'
            '    raise NotImplementedError("replace this line by your own")\n'
        )


EXERCISES: dict[str, Exercise] = {}


def exercise(name: str, title: str, head: str, hints: tuple[str, ...] = ()) -> Callable[[Checker], Checker]:
    """Decorator: registers a checker as the exercise ``name``, such as "5.2"; its docstring is the question."""

    def register(checker: Checker) -> Checker:
        if name in EXERCISES:
            raise DataError(f"exercise {name} is registered twice")
        first, _, rest = (checker.__doc__ or "").strip().partition("\n")
        statement = f"{first}\n{textwrap.dedent(rest)}".strip()
        chapter, number = map(int, name.split("."))
        EXERCISES[name] = Exercise(chapter, number, title, head, statement, checker, hints)
        return checker

    return register


def chapter_modules() -> list[str]:
    """Names of the modules with exercises: ``ch01``, ``ch01_network`` and so on."""
    folder = importlib.import_module("scratchnn.book.exercises").__path__
    return sorted(entry.name for entry in pkgutil.iter_modules(folder) if CHAPTER_FILE.fullmatch(entry.name))


def all_exercises() -> dict[str, Exercise]:
    """Every exercise by its name, in the order of the book."""
    for name in chapter_modules():
        importlib.import_module(f"scratchnn.book.exercises.{name}")
    return dict(sorted(EXERCISES.items(), key=lambda item: (item[1].chapter, item[1].number)))


def chapter_title(chapter: int) -> str:
    """Title of a chapter that has exercises: the first line of the docstring of its module."""
    module = importlib.import_module(f"scratchnn.book.exercises.ch{chapter:02d}")
    return (module.__doc__ or "").partition("\n")[0].rstrip(".")


def find(name: str) -> list[Exercise]:
    """The exercise "5.2", or all exercises of chapter "5"; the error message for any other name lists what exists."""
    exercises = all_exercises()
    if name in exercises:
        return [exercises[name]]
    found = [e for e in exercises.values() if str(e.chapter) == name.partition(".")[0]]
    if not found:
        chapters = ", ".join(dict.fromkeys(str(e.chapter) for e in exercises.values()))
        raise DataError(f"no exercise {name}; there are exercises for chapters {chapters}")
    if name != str(found[0].chapter):
        raise DataError(f"no exercise {name}; chapter {found[0].chapter} has {', '.join(e.name for e in found)}")
    return found
