"""The reader's own layer: load a class from a file, verify that it follows the protocol, and make a gradient check of it.

The protocol is described at the top of ``template`` and verified in ``protocol``.
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
from scratchnn.gradcheck.registry import Case
from scratchnn.your_layer import template
from scratchnn.your_layer.protocol import complex_trouble, rehearse
from scratchnn.your_layer.reader_file import ReaderFileError, blame, load

MOST_ENTRIES = 5000  # each entry takes three forward passes
SEED = 0


@dataclass(frozen=True)
class OwnCase(Case):
    """A case whose code may fail anywhere; ``path`` is the reader's file."""

    path: Path = Path()

    def check(self, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """All findings; an exception in the reader's code becomes an error of one line."""
        with blame(self.path, f"the check of {self.name}"):
            return super().check(methods, device)


def template_text() -> str:
    """The template as the text of a file."""
    return inspect.getsource(template)


def is_own_layer(name: str) -> bool:
    """Whether a name on the command line means a class in a file, as in ``my_layer.py:MyGRU``."""
    return name.endswith(".py") or ".py:" in name


def own_case(name: str) -> OwnCase:
    """The gradient check of the class in ``FILE.py:CLASS``, once the class is known to follow the protocol."""
    file, _, class_name = name.rpartition(":") if ".py:" in name else (name, "", "")
    path = Path(file)
    cls = find_class(load(path, "python -m scratchnn gradcheck --template"), path, class_name)
    layer, example = construct(cls, path)
    problem = problem_of(layer, example)
    rehearse(layer, problem, example, path)
    trouble = complex_trouble(problem, path)
    return OwnCase(class_name, lambda rng: problem_of(*construct(cls, path)), real_only=trouble, path=path)


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
    if not isinstance(given, dict):
        raise ReaderFileError(f"{path}: {who}.example(rng) has to return a dict of arrays, not {type(given).__name__}")
    parameters = layer.named_parameters()
    example: Arrays = {}
    for name, value in given.items():
        array = np.array(value)
        if array.dtype.kind not in "fiub" or array.size == 0:
            raise ReaderFileError(
                f"{path}: {who}.example(rng) returns {name!r} as {array.dtype} {array.shape}; return an array of numbers"
            )
        if name in parameters:
            raise ReaderFileError(
                f"{path}: {who}.example(rng) returns {name!r}, which is also the name of a parameter; rename one of them"
            )
        example[name] = array.astype(np.float64) if array.dtype.kind == "f" else array
    entries = sum(a.size for a in example.values() if a.dtype.kind == "f") + sum(p.data.size for p in parameters.values())
    if entries == 0:
        raise ReaderFileError(f"{path}: {who} has no parameters and no floating-point inputs: there is nothing to check")
    if entries > MOST_ENTRIES:
        raise ReaderFileError(
            f"{path}: {who} has {entries} entries in inputs and parameters, and the check changes them one by one; "
            f"use smaller sizes, {MOST_ENTRIES} entries at most"
        )
    return layer, example


def problem_of(layer: Layer, example: Arrays) -> Problem:
    """The layer with random float64 parameters; inputs of integers and booleans are passed on unchanged."""

    def call(layer: Layer, inputs: Arrays) -> Any:
        return layer.forward(*(inputs.get(name, value) for name, value in example.items()))

    return layer_problem(layer, {name: value for name, value in example.items() if value.dtype.kind == "f"}, call)
