"""What the reader is told about an answer: the same sentences in the shell and in a notebook."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

import numpy as np

from scratchnn.book.exercises.answer import Answer, NotAttempted, WrongAnswer
from scratchnn.book.exercises.registry import COLUMNS, Exercise

RIGHT, WRONG, NOT_ATTEMPTED = "right", "not yet right", "not attempted yet"


@dataclass(frozen=True)
class Verdict:
    """The result of a check.

    Attributes:
        exercise: the exercise.
        status: ``RIGHT``, ``WRONG`` or ``NOT_ATTEMPTED``.
        explanations: what is wrong, in plain sentences.
    """

    exercise: Exercise
    status: str
    explanations: tuple[str, ...] = ()

    def __str__(self) -> str:
        """The verdict in lines of at most ``COLUMNS`` characters."""
        lines = [f"exercise {self.exercise.name}, {self.exercise.head}: {self.status}"]
        for explanation in self.explanations:
            lines += textwrap.wrap(explanation, COLUMNS, initial_indent="  - ", subsequent_indent="    ")
        return "\n".join(lines)


def judge(exercise: Exercise, answer: Answer) -> Verdict:
    """Check an answer.

    Raises:
        ReaderFileError: if the reader's code raises an exception.
    """
    found: list[str] = []
    try:
        with np.errstate(all="ignore"):  # the explanations say more than NumPy's warnings
            found += exercise.checker(answer)
    except WrongAnswer as wrong:
        found.append(str(wrong))
    except NotAttempted:
        first = f'hint("{exercise.name}"), or --hint in a shell, gives a first step'
        return Verdict(exercise, NOT_ATTEMPTED, (f"replace NotImplementedError, or the dots, by your own code; {first}",))
    found += answer.remarks.values()
    return Verdict(exercise, WRONG if found else RIGHT, tuple(found))


def hint_text(exercise: Exercise, number: int) -> str:
    """One of the hints, counted from 1, in lines of at most ``COLUMNS`` characters."""
    line = f"hint {number} of {len(exercise.hints)}: {exercise.hints[number - 1]}"
    return "\n".join(textwrap.wrap(line, COLUMNS, subsequent_indent="    "))
