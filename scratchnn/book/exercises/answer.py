"""The reader's answer: a function from a file or a notebook, and the checks that apply to any answer.

An exception in the reader's code becomes one line with its line number, a loop that never ends a sentence. Every result is
checked for the faults that any answer can have: nothing returned, a list for an array, a wrong shape, NaN, an argument
changed in place. ``compare`` recognises the mistakes that are common in one exercise.
"""

from __future__ import annotations

import copy
import difflib
import dis
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.book.exercises.time_limit import TimeUp, time_limit
from scratchnn.your_layer.reader_file import ReaderFileError, describe, load

TOLERANCE = 1e-6  # relative to the largest entry: allows for float rounding, but not for a mistake
LIMIT = 10.0  # seconds for all calls of one answer together
SHOWN = 8  # entries of an array that are printed; of a larger one the shape
LONGEST = 110  # characters of a call; of a longer one only the smallest arrays are printed
EMPTY_BODY = {"RESUME", "NOP", "CACHE", "LOAD_CONST", "RETURN_CONST", "RETURN_VALUE"}  # of ``...`` and of ``pass``


class WrongAnswer(Exception):
    """The answer is wrong in a way that makes further checks pointless."""


class NotAttempted(Exception):
    """The function is still that of the template."""


class Answer:
    """The reader's function; call it like the function itself. Every call gets copies of the arguments.

    Args:
        function: the function itself.
        head: its name and arguments, as the exercise states them: ``softmax(x)``.
        path: the file that defines it; None if a cell of a notebook does.
    """

    def __init__(self, function: Callable[..., Any], head: str, path: Path | None = None):
        self.function, self.path = function, path
        self.name, _, arguments = head.rstrip(")").partition("(")
        self.arguments = arguments.split(", ")
        self.left = LIMIT  # seconds
        self.remarks: dict[str, str] = {}  # faults that do not depend on the result, by what they are about

    def __call__(self, *arguments: Any) -> Any:
        """The result of the function."""
        given = copy.deepcopy(arguments)
        result = self.run(given, self.call(*arguments))
        if (result is None and does_nothing(self.function)) or contains_dots(result):
            raise NotAttempted
        if result is None:
            raise WrongAnswer(f"{self.name} returns None: is the return statement missing?")
        for name, before, after in zip(self.arguments, arguments, given, strict=False):
            if isinstance(before, np.ndarray | list) and not alike(before, after, 0.0):
                values = "" if entries(before) > SHOWN else f": {brief(before)} becomes {brief(after)}"
                self.remarks.setdefault(name, f"{self.name} changes its argument {name} in place{values}; work on a copy")
        return result

    def run(self, arguments: tuple, call: str) -> Any:
        """The result of the function, within the time that is left."""
        start = time.monotonic()
        try:
            with time_limit(max(self.left, 0.01)):
                return self.function(*arguments)
        except NotImplementedError:
            raise NotAttempted from None
        except TimeUp as error:
            where = describe(error, self.file).partition(":")[0].removeprefix("TimeUp")
            text = f"{call} was stopped{where} after {LIMIT:g} seconds: does a loop never end?"
            raise WrongAnswer(text) from None
        except (Exception, SystemExit) as error:  # the reader's code may raise anything
            place = "" if self.path is None else f"{self.path}: "
            raise ReaderFileError(f"{place}{call} raised {describe(error, self.file)}") from None
        finally:
            self.left -= time.monotonic() - start

    @property
    def file(self) -> str:
        """The file in which Python finds the lines of the function."""
        if self.path is not None:
            return str(self.path.resolve())
        code = getattr(self.function, "__code__", None)
        return code.co_filename if code is not None else ""

    def call(self, *arguments: Any) -> str:
        """The call as source code, with large arrays replaced by their shapes."""
        pairs = list(zip(self.arguments, arguments, strict=False))
        for most in (SHOWN, 2):
            text = f"{self.name}({', '.join(f'{name}={brief(value, 4, most)}' for name, value in pairs)})"
            if len(text) <= LONGEST:
                break
        return text


def does_nothing(function: Callable[..., Any]) -> bool:
    """Whether the body of a function is empty, apart from its docstring."""
    code = getattr(function, "__code__", None)
    return code is not None and {step.opname for step in dis.get_instructions(code)} <= EMPTY_BODY


def contains_dots(result: Any) -> bool:
    """Whether a result is ``...``, or is several of which one is."""
    return result is ... or (isinstance(result, tuple | list) and any(part is ... for part in result))


def load_answer(path: Path, head: str, exercise: str) -> Answer:
    """The function of that head in the reader's file.

    Raises:
        ReaderFileError: if there is no such file or function, or if the file cannot be executed.
    """
    try:
        with time_limit(LIMIT):
            module = load(path, f"python -m scratchnn exercise {exercise} --template")
    except TimeUp:
        raise ReaderFileError(f"{path}: the import was stopped after {LIMIT:g} seconds: does a loop never end?") from None
    function = head.partition("(")[0]
    found = getattr(module, function, None)
    if found is None:
        names = [key for key, value in vars(module).items() if callable(value) and not key.startswith("_")]
        offered = difflib.get_close_matches(function, names, n=1)
        hint = f"; rename {offered[0]} if it is your answer" if offered else ""
        raise ReaderFileError(f"{path} has no function {function}, which exercise {exercise} asks for{hint}")
    if not callable(found):
        raise ReaderFileError(f"{path}: {function} is {type(found).__name__}, not a function")
    return Answer(found, head, path)


# --- looking at results ----------------------------------------------------------------------------------------------


def brief(value: Any, digits: int = 6, most: int = SHOWN) -> str:
    """A value in a few characters; of an array with more than ``most`` entries the shape."""
    if isinstance(value, np.generic):
        value = value.item()
    if callable(value):
        return getattr(value, "__name__", "f")
    if isinstance(value, tuple | list) and any(isinstance(part, np.ndarray) for part in value):
        return f"[{', '.join(brief(part, digits, most) for part in value)}]"
    if isinstance(value, np.ndarray):
        if value.size > most:
            return f"array of shape {value.shape}"
        with np.printoptions(formatter={"float_kind": lambda entry: f"{entry:.{digits}g}"}):
            return " ".join(np.array2string(value, separator=", ").split()).replace("[ ", "[")
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def kind_of(value: Any) -> str:
    """NumPy's letter for the type of an array's entries; a space for anything that is not an array."""
    return value.dtype.kind if isinstance(value, np.ndarray) else " "


def entries(value: Any) -> int:
    """The number of entries of an array, or of lists in lists, which may be ragged."""
    return sum(map(entries, value)) if isinstance(value, list | tuple) else int(np.size(value))


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
    if array is None or array.shape != shape or (shape and not isinstance(value, np.ndarray)):
        kind = "an array" if isinstance(value, np.ndarray) else f"a {type(value).__name__}"
        found = brief(value) if array is None or not array.ndim else f"{kind} of shape {array.shape}"
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
    if not np.isfinite(b).all():
        return np.array_equal(a, b, equal_nan=True)
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
    if a.size <= SHOWN:
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
    extremes: Mapping[str, tuple] | None = None,
) -> Iterator[str]:
    """Compare an answer with the right function; if they differ, say which common mistake gives the same results.

    Args:
        answer: the reader's function.
        right: computes the expected results.
        mistakes: functions with a deliberate mistake, by the explanation that the reader gets for it.
        trials: the arguments to try, one tuple per call; a small one makes an example that the reader can follow.
        parts: names of the results if the function returns several.
        tolerance: relative to the largest entry of the expected result.
        extremes: arguments that are tried once the trials are right (large numbers, integers, empty arrays), by the
            explanation that the reader gets if the answer fails there.

    Yields:
        One explanation for each mistake, and one for each part that differs from the expected one in another way.
    """
    names = parts or ("the result",)
    given = [separate(answer(*trial), answer.name, parts) for trial in trials]
    expected = [separate(right(*trial), answer.name, parts) for trial in trials]
    said, differs = set[str](), False
    for k, name in enumerate(names):
        if isinstance(given[0][k], list | tuple) and isinstance(expected[0][k], np.ndarray):
            answer.remarks[name] = f"{name} is a {type(given[0][k]).__name__}, not an array: return np.array(...)"
        if kind_of(given[0][k]) == "f" and kind_of(expected[0][k]) in "iu":
            answer.remarks[name] = f"{name} holds floats; return integers, which can be used as indices: .astype(int)"
        wrong = [t for t in range(len(trials)) if not alike(given[t][k], expected[t][k], tolerance)]
        if not wrong:
            continue
        t = min(wrong, key=lambda t: entries(trials[t]))  # the smallest example
        example = f"{answer.call(*trials[t])}: {difference(given[t][k], expected[t][k], name)}"
        for explanation, mistake in mistakes.items():
            made = [separate(mistake(*trial), answer.name, parts)[k] for trial in trials]
            if all(alike(given[t][k], made[t], tolerance) for t in range(len(trials))):
                if explanation not in said:
                    said.add(explanation)
                    yield f"{explanation} For example, {example}" if "array of shape" not in example else explanation
                break
        else:
            yield example
        differs = True
    for explanation, trial in ({} if differs else extremes or {}).items():
        both = separate(answer(*trial), answer.name, parts), separate(right(*trial), answer.name, parts)
        for name, found, wanted in zip(names, *both, strict=True):
            if not alike(found, wanted, tolerance):
                yield f"{explanation} For example, {answer.call(*trial)}: {difference(found, wanted, name)}"
                break


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
