"""The reader's answer: a function from a file, and the checks that apply to any answer.

An exception in the reader's code becomes one line with its line number. Every result is checked for the faults that any
answer can have: nothing returned, a wrong shape, NaN, arguments changed in place. ``compare`` recognises the mistakes that
are common in one exercise.
"""

from __future__ import annotations

import copy
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.your_layer.reader_file import ReaderFileError, blame, load

TOLERANCE = 1e-6  # relative to the largest entry: allows for float rounding, but not for a mistake


class WrongAnswer(Exception):
    """The answer is wrong in a way that makes further checks pointless."""


class Answer:
    """The reader's function; call it like the function itself. Every call gets copies of the arguments.

    Args:
        function: the function itself.
        name: its name in the exercise.
        path: the file that defines it.
    """

    def __init__(self, function: Callable[..., Any], name: str, path: Path):
        self.function, self.name, self.path = function, name, path
        self.remarks: list[str] = []  # faults that do not depend on the result, such as arguments written into

    def __call__(self, *arguments: Any) -> Any:
        """The result of the function."""
        given = copy.deepcopy(arguments)
        with blame(self.path, self.call(*arguments)):
            result = self.function(*given)
        if result is None:
            raise WrongAnswer(f"{self.name} returns None: is the return statement missing?")
        for k, (before, after) in enumerate(zip(arguments, given, strict=True)):
            remark = f"{self.name} changes its argument number {k + 1} in place; work on a copy"
            if isinstance(before, np.ndarray | list) and not alike(before, after, 0.0) and remark not in self.remarks:
                self.remarks.append(remark)
        return result

    def call(self, *arguments: Any) -> str:
        """The call as source code, with large arrays replaced by their shapes."""
        return f"{self.name}({', '.join(brief(value) for value in arguments)})"


def load_answer(path: Path, function: str, exercise: str) -> Answer:
    """The function of that name in the reader's file.

    Raises:
        ReaderFileError: if there is no such file or function, or if the file cannot be executed.
    """
    module = load(path, f"python -m scratchnn exercise {exercise} --template")
    found = getattr(module, function, None)
    if found is None:
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        offered = difflib.get_close_matches(function, names, n=1)
        hint = f"; rename {offered[0]} if it is your answer" if offered else ""
        raise ReaderFileError(f"{path} has no function {function}, which exercise {exercise} asks for{hint}")
    if not callable(found):
        raise ReaderFileError(f"{path}: {function} is {type(found).__name__}, not a function")
    return Answer(found, function, path)


def check_answer(checker: Callable[[Answer], Iterator[str]], answer: Answer) -> list[str]:
    """Everything that is wrong with the answer, in plain sentences; an empty list if it is right."""
    found = []
    try:
        with np.errstate(all="ignore"):  # the explanations say more than NumPy's warnings
            found += list(checker(answer))
    except WrongAnswer as wrong:
        found.append(str(wrong))
    return [*found, *answer.remarks]


# --- looking at results ----------------------------------------------------------------------------------------------


def brief(value: Any) -> str:
    """A value in a few characters."""
    if isinstance(value, np.generic):
        value = value.item()
    if callable(value):
        return getattr(value, "__name__", "f")
    if isinstance(value, tuple | list) and any(isinstance(part, np.ndarray) for part in value):
        return f"[{', '.join(map(brief, value))}]"
    if isinstance(value, np.ndarray):
        if value.size > 8:
            return f"array of shape {value.shape}"
        with np.printoptions(formatter={"float_kind": lambda entry: f"{entry:.6g}"}):
            return np.array2string(value, separator=", ").replace("\n", "")
    if isinstance(value, float):
        return f"{value:.6g}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def as_numbers(value: Any) -> np.ndarray | None:
    """A result as an array of numbers; None if it cannot be one."""
    try:
        array = np.asarray(value)
    except ValueError:  # a list of arrays of different shapes
        return None
    return array if array.dtype.kind in "biuf" else None


def numbers_of_shape(value: Any, shape: tuple[int, ...], name: str) -> np.ndarray:
    """A part of a result as a float array of that shape; ``WrongAnswer`` if it is anything else."""
    array = as_numbers(value)
    if array is None or array.shape != shape:
        found = brief(value) if array is None else f"an array of shape {array.shape}"
        wanted = f"an array of numbers of shape {shape}" if shape else "a single number"
        raise WrongAnswer(f"{name} is {found}; it has to be {wanted}")
    return array.astype(float)


def alike(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two results are equal: numbers up to the tolerance, lists item by item, anything else exactly."""
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
    """How a result differs from the expected one, as a sentence about ``what``."""
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
    return f"{what} has its largest error at {tuple(map(int, where))}: {brief(a[where])}, expected {brief(b[where])}"


def compare(
    answer: Answer,
    right: Callable[..., Any],
    mistakes: Mapping[str, Callable[..., Any]],
    trials: Sequence[tuple],
    parts: tuple[str, ...] = (),
    tolerance: float = TOLERANCE,
) -> Iterator[str]:
    """Compare an answer with the right function; if they differ, say which common mistake gives the same results.

    Args:
        answer: the reader's function.
        right: computes the expected results.
        mistakes: functions with a deliberate mistake, by the explanation that the reader gets for it.
        trials: the arguments to try, one tuple per call.
        parts: names of the results if the function returns several.
        tolerance: relative to the largest entry of the expected result.

    Yields:
        One explanation for each part that differs.
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
    """The results of one call as a tuple, one item for each name in ``parts``, or a single item if there are no parts."""
    if not parts:
        return (result,)
    if not isinstance(result, tuple | list) or len(result) != len(parts):
        count = len(result) if isinstance(result, tuple | list) else 1
        raise WrongAnswer(
            f"{name} has to return {len(parts)} values, {', '.join(parts)}, in this order; it returns {count}"
        )
    return tuple(result)
