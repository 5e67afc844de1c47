"""The exercises in a notebook: ``check("5.2", switch_weights)``, ``hint("5.2")``, ``solution("5.2")``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.book.exercises.answer import Answer
from scratchnn.book.exercises.registry import Exercise, find
from scratchnn.book.exercises.verdict import WRONG, Verdict, hint_text, judge
from scratchnn.book.solutions import solution_code
from scratchnn.errors import DataError
from scratchnn.your_layer.reader_file import ReaderFileError

_GIVEN: dict[str, int] = {}  # how many hints of each exercise were given


def check(name: str, answer: Callable[..., Any]) -> None:
    """Print whether an answer is right, and if not, what is wrong with it.

    Args:
        name: the exercise, such as "5.2".
        answer: your function, as it is defined in a cell.
    """
    exercise = one(name)
    if not callable(answer):
        raise DataError(
            f'check takes the function, not its result: check("{name}", {exercise.function}); got {type(answer).__name__}'
        )
    try:
        print(judge(exercise, Answer(answer, exercise.head)))
    except ReaderFileError as error:
        print(Verdict(exercise, WRONG, (str(error),)))


def hint(name: str) -> None:
    """Print the first hint; the next call prints the next one."""
    exercise = one(name)
    number = _GIVEN[name] = _GIVEN.get(name, 0) + 1
    if number <= len(exercise.hints):
        print(hint_text(exercise, number))
    else:
        print(f'exercise {name} has no more hints; solution("{name}") prints the solution')


def solution(name: str) -> None:
    """Print the code of a solution."""
    exercise = one(name)
    print(solution_code(exercise.chapter, exercise.function))


def one(name: str) -> Exercise:
    """The exercise of that name."""
    found = find(str(name))
    if len(found) != 1:
        raise DataError(f"name one exercise: {', '.join(exercise.name for exercise in found)}")
    return found[0]
