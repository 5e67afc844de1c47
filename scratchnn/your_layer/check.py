"""The reader's own layer: load a class from a file, see that it keeps to the protocol, and make a gradient check of it.

What a class has to be stands at the top of ``template``; ``protocol`` sees to it.
"""

from __future__ import annotations

import difflib
import inspect
import sys
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
from scratchnn.your_layer.protocol import ProtocolError, blame, complex_trouble, rehearse

MOST_ENTRIES = 5000  # each takes three forward passes
SEED = 0


@dataclass(frozen=True)
class OwnCase(Case):
    """A case whose code may fail anywhere; ``path`` is the reader's file."""

    path: Path = Path()

    def check(self, methods: tuple[str, ...] = METHODS, device: str = "numpy") -> list[Finding]:
        """All findings; an exception becomes one line."""
        with blame(self.path, f"the check of {self.name}"):
            return super().check(methods, device)


def template_text() -> str:
    """The template, as a file to save."""
    return inspect.getsource(template)


def is_own_layer(name: str) -> bool:
    """Whether a name on the command line means a file: ``my_layer.py:MyGRU``."""
    return name.endswith(".py") or ".py:" in name


def own_case(name: str) -> OwnCase:
    """The gradient check of the class in ``FILE.py:CLASS``, which has been seen to keep to the protocol."""
    file, _, class_name = name.rpartition(":") if ".py:" in name else (name, "", "")
    path = Path(file)
    cls = find_class(load(path), path, class_name)
    layer, example = construct(cls, path)
    problem = problem_of(layer, example)
    rehearse(layer, problem, example, path)
    trouble = complex_trouble(problem, path)
    return OwnCase(class_name, lambda rng: problem_of(*construct(cls, path)), real_only=trouble, path=path)


# --- loading ---------------------------------------------------------------------------------------------------------


def load(path: Path) -> ModuleType:
    """The reader's file as a module; it can import what lies beside it."""
    if not path.is_file():
        raise ProtocolError(f"no file {path}; python -m scratchnn gradcheck --template prints one to start from")
    module = ModuleType(f"own_layer_{path.stem}")
    module.__file__ = str(path.resolve())
    sys.modules[module.__name__] = module  # where dataclasses, for one, look for it
    sys.path.insert(0, str(path.resolve().parent))
    try:
        with blame(path, "the import"):
            exec(compile(path.read_bytes(), module.__file__, "exec"), vars(module))
    finally:
        sys.path.pop(0)
    return module


def find_class(module: ModuleType, path: Path, name: str) -> type[Layer]:
    """The class of that name; an error that offers those there are."""
    classes = [
        key
        for key, value in vars(module).items()
        if isinstance(value, type) and issubclass(value, Layer) and value.__module__ == module.__name__
    ]
    offered = difflib.get_close_matches(name, classes, n=3) or classes
    hint = f"it has {', '.join(offered)}" if offered else "it has no subclass of scratchnn.core.Layer"
    if not name:
        raise ProtocolError(f"{path}: say which class, as in {path}:{offered[0] if offered else 'MyLayer'}; {hint}")
    found = getattr(module, name, None)
    if found is None:
        raise ProtocolError(f"{path} has no class {name}; {hint}")
    if not (isinstance(found, type) and issubclass(found, Layer)):
        raise ProtocolError(f"{path}: {name} is not a subclass of scratchnn.core.Layer; {hint}")
    return found


def construct(cls: type[Layer], path: Path) -> tuple[Layer, Arrays]:
    """A layer, and its example inputs by name: in float64, or whole numbers and booleans as they are."""
    who = cls.__name__
    with blame(path, f"{who}(rng)"):
        layer: Layer = cls(np.random.default_rng(SEED))  # type: ignore[call-arg]
    if not hasattr(layer, "_caches"):
        raise ProtocolError(f"{path}: {who}.__init__ has to call super().__init__() first")
    if not callable(getattr(layer, "example", None)):
        raise ProtocolError(f"{path}: {who} has no example(rng), which returns inputs to try it with, by name")
    with blame(path, f"{who}.example(rng)"):
        given = layer.example(np.random.default_rng(SEED))  # type: ignore[attr-defined]
    if not isinstance(given, dict):
        raise ProtocolError(f"{path}: {who}.example(rng) has to return arrays by name, not {type(given).__name__}")
    parameters = layer.named_parameters()
    example: Arrays = {}
    for name, value in given.items():
        array = np.array(value)
        if array.dtype.kind not in "fiub" or array.size == 0:
            raise ProtocolError(
                f"{path}: {who}.example(rng) gives {name!r} as {array.dtype} {array.shape}; numbers are needed"
            )
        if name in parameters:
            raise ProtocolError(f"{path}: {who}.example(rng) gives {name!r}, which is the name of a parameter too")
        example[name] = array.astype(np.float64) if array.dtype.kind == "f" else array
    entries = sum(a.size for a in example.values() if a.dtype.kind == "f") + sum(p.data.size for p in parameters.values())
    if entries == 0:
        raise ProtocolError(f"{path}: {who} has no parameters and no floating-point inputs: there is nothing to check")
    if entries > MOST_ENTRIES:
        raise ProtocolError(
            f"{path}: {who} has {entries} entries in inputs and parameters, each to be moved by itself; "
            f"make it small for the check, {MOST_ENTRIES} at most"
        )
    return layer, example


def problem_of(layer: Layer, example: Arrays) -> Problem:
    """The layer with random float64 parameters; whole numbers are passed on."""

    def call(layer: Layer, inputs: Arrays) -> Any:
        return layer.forward(*(inputs.get(name, value) for name, value in example.items()))

    return layer_problem(layer, {name: value for name, value in example.items() if value.dtype.kind == "f"}, call)
