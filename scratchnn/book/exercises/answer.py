"""The reader's answer: a function out of a file, called with care.

What the reader's code raises becomes one line with its line number. What it returns is looked at here for what can be wrong
with any answer (nothing returned, another shape, NaN, arguments written into); ``compare`` looks for the mistakes that are
common in one exercise.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.errors import DataError
from scratchnn.your_layer.check import load
from scratchnn.your_layer.protocol import blame

TOLERANCE = 1e-6  # relative to the largest entry: room for float rounding, none for a mistake


class WrongAnswer(Exception):
    """Something is wrong with an answer, and to look further makes no sense."""


class Answer:
    """The reader's function, to be called like it. Every call gets copies of the arguments.

    Args:
        function: the function itself.
        name: what the exercise calls it.
        path: the file it comes from.
    """

    def __init__(self, function: Callable[..., Any], name: str, path: Path):
        self.function, self.name, self.path = function, name, path
        self.remarks: list[str] = []  # what was seen on the way, whatever the result

    def __call__(self, *arguments: Any) -> Any:
        """What the function returns."""
        given = copy.deepcopy(arguments)
        with blame(self.path, self.call(*arguments)):
            result = self.function(*given)
        if result is None:
            raise WrongAnswer(f"{self.name} returns nothing: is its return missing?")
        for k, (before, after) in enumerate(zip(arguments, given, strict=True)):
            remark = f"{self.name} writes into its argument number {k + 1}; leave what you are given as it is"
            if isinstance(before, np.ndarray | list) and not alike(before, after, 0.0) and remark not in self.remarks:
                self.remarks.append(remark)
        return result

    def call(self, *arguments: Any) -> str:
        """The call as a reader would write it, arrays by their shapes where they are large."""
        return f"{self.name}({', '.join(brief(value) for value in arguments)})"


def load_answer(path: Path, function: str, exercise: str) -> Answer:
    """The function of that name in the reader's file; one clear line where there is none."""
    if not path.is_file():
        raise DataError(f"no file {path}; python -m scratchnn exercise {exercise} --template prints one to start from")
    module = load(path)
    found = getattr(module, function, None)
    if found is None:
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        offered = difflib.get_close_matches(function, names, n=1)
        hint = f"; did you mean {offered[0]} to be it?" if offered else ""
        raise DataError(f"{path} has no function {function}, which exercise {exercise} asks for{hint}")
    if not callable(found):
        raise DataError(f"{path}: {function} is {type(found).__name__}, not a function")
    return Answer(found, function, path)


def check_answer(checker: Callable[[Answer], Iterator[str]], answer: Answer) -> list[str]:
    """Everything that is wrong with the answer, in plain sentences; an empty list where it is right."""
    found = []
    try:
        with np.errstate(all="ignore"):  # warnings say nothing that an explanation does not say better
            found += list(checker(answer))
    except WrongAnswer as wrong:
        found.append(str(wrong))
    return [*found, *answer.remarks]


# --- looking at results ----------------------------------------------------------------------------------------------


def brief(value: Any) -> str:
    """A value in a few characters."""
    if callable(value):
        return getattr(value, "__name__", "f")
    if isinstance(value, tuple | list) and any(isinstance(part, np.ndarray) for part in value):
        return f"[{', '.join(map(brief, value))}]"
    if isinstance(value, np.ndarray):
        if value.size > 8:
            return f"array of shape {value.shape}"
        with np.printoptions(formatter={"float_kind": lambda entry: f"{entry:.6g}"}):
            return np.array2string(value, separator=", ").replace("\n", "")
    if isinstance(value, float | np.floating):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_numbers(value: Any) -> np.ndarray | None:
    """A result as an array of numbers; ``None`` where it is something else."""
    try:
        array = np.asarray(value)
    except ValueError:  # a list of arrays of several shapes
        return None
    return array if array.dtype.kind in "biuf" else None


def alike(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two results are the same: numbers up to the tolerance, lists part by part, anything else exactly."""
    a, b = as_numbers(found), as_numbers(expected)
    if a is None or b is None:
        if type(found) is not type(expected):
            return False
        if isinstance(found, list | tuple):
            return len(found) == len(expected) and all(alike(x, y, tolerance) for x, y in zip(found, expected, strict=True))
        return a is b is None and bool(found == expected)
    if a.shape != b.shape or np.isfinite(a).all() != np.isfinite(b).all():
        return False
    scale = max(float(abs(b.astype(float)).max()), 1e-300) if b.size else 1.0
    return bool(np.allclose(a, b, rtol=0, atol=tolerance * scale, equal_nan=True))


def difference(found: Any, expected: Any, what: str) -> str:
    """How a result differs from what is expected."""
    a, b = as_numbers(found), as_numbers(expected)
    if a is None or b is None:
        return f"{what} is {brief(found)} ({type(found).__name__}), expected {brief(expected)}"
    if a.shape != b.shape:
        return f"{what} has shape {a.shape}, expected {b.shape}"
    if not np.isfinite(a).all():
        return f"{what} is not finite: {brief(a)}, expected {brief(b)}"
    if a.size <= 8:
        return f"{what} is {brief(a)}, expected {brief(b)}"
    where = np.unravel_index(int(abs(a.astype(float) - b).argmax()), a.shape)
    return f"{what} is off by most at {tuple(map(int, where))}: {brief(a[where])}, expected {brief(b[where])}"


def compare(
    answer: Answer,
    right: Callable[..., Any],
    mistakes: Mapping[str, Callable[..., Any]],
    trials: Sequence[tuple],
    parts: tuple[str, ...] = (),
    tolerance: float = TOLERANCE,
) -> Iterator[str]:
    """Compare an answer with the right function; where they differ, say which common mistake gives the same results.

    Args:
        answer: the reader's function.
        right: gives the expected results.
        mistakes: functions that make a mistake on purpose, by the explanation the reader gets.
        trials: arguments to try, one tuple for each call.
        parts: names of the results, where the function returns several.
        tolerance: relative to the largest entry of the expected result.
    """
    names = parts or ("the result",)
    given = [separate(answer(*trial), answer.name, parts) for trial in trials]
    expected = [separate(right(*trial), answer.name, parts) for trial in trials]
    for k, name in enumerate(names):
        wrong = [t for t in range(len(trials)) if not alike(given[t][k], expected[t][k], tolerance)]
        if not wrong:
            continue
        for explanation, mistake in mistakes.items():
            made = [separate(mistake(*trial), answer.name, parts)[k] for trial in trials]
            if all(alike(given[t][k], made[t], tolerance) for t in range(len(trials))):
                yield explanation
                break
        else:
            t = wrong[0]
            yield f"{answer.call(*trials[t])}: {difference(given[t][k], expected[t][k], name)}"


def separate(result: Any, name: str, parts: tuple[str, ...]) -> tuple:
    """The results of one call: as many as there are names of parts, or one."""
    if not parts:
        return (result,)
    if not isinstance(result, tuple | list) or len(result) != len(parts):
        count = len(result) if isinstance(result, tuple | list) else 1
        raise WrongAnswer(
            f"{name} has to return {len(parts)} things, {', '.join(parts)}, in this order; it returns {count}"
        )
    return tuple(result)
