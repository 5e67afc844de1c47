"""The list of milestones, and how one is reached or stopped.

A milestone first checks every answer that it needs, as ``exercise`` does. While it trains, it also compares the first
results of each function with those of the solution, on the very arrays of the training: a mistake that the checks have
missed stops it with the number of that exercise, too.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from scratchnn.book.exercises.answer import Answer, alike
from scratchnn.book.exercises.registry import Exercise, all_exercises
from scratchnn.book.exercises.verdict import RIGHT, judge
from scratchnn.your_layer.reader_file import ReaderFileError, describe

COMPARED = 3  # calls of each function
Report = Callable[[str], None]


class Stopped(Exception):
    """The milestone is not reached.

    Attributes:
        exercise: the exercise whose answer is wrong; None if each is right by itself.
    """

    def __init__(self, exercise: Exercise | None, text: str):
        super().__init__(text)
        self.exercise = exercise


@dataclass(frozen=True)
class Milestone:
    """One milestone.

    Attributes:
        chapter: it comes after the exercises of this chapter.
        title: what is reached.
        needs: the exercises whose answers it uses.
        module: has ``train(own, report)``, which trains with the functions ``own``, by the number of their exercise,
            reports lines of text, and returns whether the network has learned.
    """

    chapter: int
    title: str
    needs: tuple[str, ...]
    module: str


ALL = (
    Milestone(
        5, "your own recurrent network trains a language model", ("1.3", "3.1", "5.1", "5.3", "5.4", "5.5", "5.6"), "ch05"
    ),
    Milestone(6, "your own LSTM learns which noun decides about the verb", ("1.3", "1.4", "3.1", "6.1", "6.3"), "ch06"),
    Milestone(
        11,
        "your own attention finds the parts of a date",
        ("1.3", "3.1", "5.4", "6.1", "6.3", "11.2", "11.3", "11.4", "11.6"),
        "ch11",
    ),
)
MILESTONES = {milestone.chapter: milestone for milestone in ALL if set(milestone.needs) <= set(all_exercises())}


def reach(milestone: Milestone, answers: Mapping[str, Answer], report: Report) -> None:
    """Train with the answers to the exercises that the milestone needs.

    Args:
        milestone: which one.
        answers: the reader's functions by the number of their exercise.
        report: gets each line of text.

    Raises:
        Stopped: if an answer is wrong, or if the network does not learn.
    """
    exercises = all_exercises()
    for name in milestone.needs:
        try:
            verdict = judge(exercises[name], answers[name])
        except ReaderFileError as error:
            raise Stopped(exercises[name], str(error)) from None
        if verdict.status != RIGHT:
            raise Stopped(exercises[name], str(verdict))
        report(f"  {name}  {exercises[name].title}: right")
    own = {name: _compared(exercises[name], answers[name]) for name in milestone.needs}
    train = importlib.import_module(f"scratchnn.book.milestones.{milestone.module}").train
    if not train(own, report):
        raise Stopped(None, "Each answer is right by itself, but the network has not learned.")


def _compared(exercise: Exercise, answer: Answer) -> Callable[..., Any]:
    """The reader's function; its first results are compared with those of the solution."""
    solution = getattr(importlib.import_module(f"scratchnn.book.solutions.ch{exercise.chapter:02d}"), exercise.function)
    calls = 0

    def function(*arguments: Any) -> Any:
        nonlocal calls
        try:
            result = answer.function(*arguments)
        except Exception as error:  # the reader's code may raise anything
            raise Stopped(exercise, f"{exercise.function} raised {describe(error, answer.file)}") from None
        calls += 1
        if calls <= COMPARED:
            wanted = solution(*arguments)
            pairs = zip(result, wanted, strict=True) if isinstance(wanted, tuple) else [(result, wanted)]
            if not all(alike(found, right) for found, right in pairs):
                raise Stopped(exercise, f"{exercise.function} passes its check, but gives wrong results in the training.")
        return result

    return function
