"""The reader's own layer: load it from a file, verify that it follows the protocol, and make a gradient check of it.

A layer is a class, ``FILE.py:CLASS``, or a pair of functions, ``FILE.py:FORWARD,BACKWARD`` (``pair``). The protocol of a
class is described at the top of ``template`` and verified in ``protocol``.
"""

from __future__ import annotations

import difflib
import inspect
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.gradcheck.engine import METHODS, Finding
from scratchnn.gradcheck.problems import Arrays, Problem, layer_problem
from scratchnn.gradcheck.properties import Outcome
from scratchnn.gradcheck.registry import Case
from scratchnn.your_layer import template
from scratchnn.your_layer.examples import SEED, checked_example, refuse_large
from scratchnn.your_layer.pair import pair_of, rehearse_pair
from scratchnn.your_layer.protocol import complex_trouble, rehearse
from scratchnn.your_layer.reader_file import ReaderFileError, blame, load

TEMPLATE_COMMAND = "python -m scratchnn gradcheck --template"


@dataclass(frozen=True)
class OwnCase(Case):
    """A case whose code may fail anywhere; ``path`` is the reader's file."""

    path: Path = Path()
    strict: bool = False  # which axes of a reader's arrays are N and T is a guess

    def check(self, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """All findings; an exception in the reader's code becomes an error of one line."""
        with blame(self.path, f"the check of {self.name}"):
            return super().check(methods, device)

    def check_directions(self, count: int, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """The findings along random directions; an exception in the reader's code becomes an error of one line."""
        with blame(self.path, f"the check of {self.name}"):
            return super().check_directions(count, methods, device)

    def properties(self, device: str = "numpy") -> dict[str, Outcome]:
        """The outcome of each property; an exception in the reader's code becomes an error of one line."""
        with blame(self.path, f"the check of {self.name}"):
            return super().properties(device)


def template_text() -> str:
    """The template as the text of a file."""
    return inspect.getsource(template)


def is_own(name: str) -> bool:
    """Whether a name on the command line means code in a file, as in ``my_layer.py:MyGRU``."""
    return name.endswith(".py") or ".py:" in name


def own_case(name: str, any_size: bool = False) -> OwnCase:
    """The gradient check of ``FILE.py:CLASS`` or ``FILE.py:FORWARD,BACKWARD``, once it is known to follow the protocol.

    Args:
        name: as on the command line.
        any_size: whether arrays may be too large for a check entry by entry.
    """
    file, _, found = name.rpartition(":") if ".py:" in name else (name, "", "")
    path = Path(file)
    module = load(path, TEMPLATE_COMMAND)
    if "," in found:
        build = pair_of(module, path, found)
        problem = build()
        rehearse_pair(problem, found, path)
    else:
        cls = find_class(module, path, found)
        layer, example = construct(cls, path)
        problem = problem_of(layer, example)

        def build() -> Problem:
            return problem_of(*construct(cls, path))

    if not any_size:
        refuse_large(problem, path, found)
    if "," not in found:
        rehearse(layer, problem, example, path)
    trouble = complex_trouble(problem, path)
    return OwnCase(found, lambda rng: build(), real_only=trouble, path=path)


def find_class(module: ModuleType, path: Path, name: str) -> type[Layer]:
    """The class of that name; the error message for an unknown name lists the classes of the file."""
    classes = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Layer) and value.__module__ == module.__name__
    ]
    offered = difflib.get_close_matches(name, classes, n=3) or classes
    hint = f"it has {', '.join(offered)}" if offered else "it has no subclass of scratchnn.core.Layer"
    if not name:
        example = offered[0] if offered else "MyLayer"
        raise ReaderFileError(f"{path}: name the class to check, as in {path}:{example}; {hint}")
    found = getattr(module, name, None)
    if found is None:
        raise ReaderFileError(f"{path} has no class {name}; {hint}")
    if not (isinstance(found, type) and issubclass(found, Layer)):
        raise ReaderFileError(f"{path}: {name} is not a subclass of scratchnn.core.Layer; {hint}")
    return found


def construct(cls: type[Layer], path: Path) -> tuple[Layer, Arrays]:
    """A layer, and its example inputs by name: floats as float64, integers and booleans unchanged."""
    who = cls.__name__
    with blame(path, f"{who}(rng)"):
        layer: Layer = cls(np.random.default_rng(SEED))  # type: ignore[call-arg]
    if not hasattr(layer, "training"):
        raise ReaderFileError(f"{path}: {who}.__init__ has to call super().__init__() first")
    if not callable(getattr(layer, "example", None)):
        raise ReaderFileError(f"{path}: {who} has no example(rng); define it to return example inputs by name")
    with blame(path, f"{who}.example(rng)"):
        given = layer.example(np.random.default_rng(SEED))  # type: ignore[attr-defined]
    example = checked_example(given, f"{path}: {who}.example(rng)")
    parameters = layer.named_parameters()
    for name in example:
        if name in parameters:
            raise ReaderFileError(
                f"{path}: {who}.example(rng) returns {name!r}, which is also the name of a parameter; rename one of them"
            )
    if not parameters and not any(value.dtype.kind == "f" for value in example.values()):
        raise ReaderFileError(f"{path}: {who} has no parameters and no floating-point inputs: there is nothing to check")
    return layer, example


def problem_of(layer: Layer, example: Arrays) -> Problem:
    """The layer with random float64 parameters; inputs of integers and booleans are passed on unchanged."""
    inputs = {name: value for name, value in example.items() if value.dtype.kind == "f"}
    fixed = {name: value for name, value in example.items() if name not in inputs}

    def call(layer: Layer, inputs: Arrays, *others: Any) -> Any:
        rest = iter(others)
        return layer.forward(*(inputs[name] if name in inputs else next(rest) for name in example))

    return layer_problem(layer, inputs, call, fixed)
