"""Faults planted in functions: each mutant is a function with one small mistake in its source.

The mistakes are those of ``mutations``. A mutant replaces the code inside the function object itself, so the faulty code
runs under every name by which the function is known. Leaving the ``with`` block restores the correct code.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from scratchnn.lesson.mutations import Edit, Source, edits, is_stub

EQUATION = re.compile(r"\((\d+)\)")
BACKWARD = re.compile(r"(\w+_)?backward(_loss)?")


@dataclass(frozen=True)
class Mutant:
    """One fault in one function.

    Attributes:
        function: the function or method with the fault.
        kind: the kind of mistake (see ``mutations``).
        file, line: its position; the file as in ``scratchnn/recurrent/lstm.py``.
        equations: the equation numbers in the comments of the line, or of the statement that the line belongs to.
        original, mutated: the line or lines before and after the change.
        source: the source of the whole function with the fault.
    """

    function: FunctionType
    kind: str
    file: str
    line: int
    equations: tuple[int, ...]
    original: str
    mutated: str
    source: str

    @property
    def name(self) -> str:
        """The function and the line before and after the change, without comments; independent of line numbers."""
        before, after = (re.sub(r"\s*#[^\n]*", "", text).replace("\n", " ") for text in (self.original, self.mutated))
        return f"{qualified_name(self.function)}: {before} -> {after}"

    def compiled(self) -> CodeType:
        """The code of the faulty function, with the line numbers of the file."""
        return compile_function(self.source, self.function)

    @contextmanager
    def apply(self) -> Iterator[None]:
        """Run the faulty code instead of the correct code inside the ``with`` block."""
        correct = self.function.__code__
        self.function.__code__ = self.compiled()
        try:
            yield
        finally:
            self.function.__code__ = correct


def qualified_name(function: FunctionType) -> str:
    """Module and name without the package: ``recurrent.lstm.LSTM.run_backward``."""
    return f"{function.__module__.partition('.')[2]}.{function.__qualname__}"


def mutants(function: FunctionType) -> list[Mutant]:
    """Every mutant of ``function``, in the order of its lines."""
    text = textwrap.dedent(inspect.getsource(function))
    definition = ast.parse(text).body[0]
    if not isinstance(definition, ast.FunctionDef) or is_stub(definition):
        return []
    source = Source(text)
    return [mutant(function, edit, source) for edit in edits(definition, source)]


def mutant(function: FunctionType, edit: Edit, source: Source) -> Mutant:
    """The mutant made by one edit."""
    first, last = source.line(edit.start), source.line(max(edit.start, edit.end - 1))
    start, end = source.starts[first - 1], source.starts[last]
    changed = source.data[: edit.start] + edit.text.encode() + source.data[edit.end :]
    end_changed = end + len(changed) - len(source.data)
    lines = [source.comments.get(k, "") for k in range(first, last + 1)]
    if not any(EQUATION.search(comment) for comment in lines):
        lines = [source.comments.get(k, "") for k in range(edit.statement[0], edit.statement[1] + 1)]
    return Mutant(
        function,
        edit.kind,
        source_file(function),
        function.__code__.co_firstlineno + first - 1,
        tuple(int(number) for comment in lines for number in EQUATION.findall(comment)),
        textwrap.dedent(source.data[start:end].decode()).strip(),
        textwrap.dedent(changed[start:end_changed].decode()).strip(),
        changed.decode(),
    )


def source_file(function: FunctionType) -> str:
    """The path of the file that defines the function, beginning with the folder of the package."""
    file = Path(function.__code__.co_filename)
    package = Path(sys.modules["scratchnn"].__file__ or "").parent
    return file.relative_to(package.parent).as_posix() if package in file.parents else file.name


def compile_function(source: str, like: FunctionType) -> CodeType:
    """The code of the function defined by ``source``, with the free variables and line numbers of ``like``."""
    definition = ast.parse(source).body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.decorator_list = []
    # A method that calls super() has its class as a free variable. Compiling it inside a function that has this variable
    # keeps it free; naming it at the end of the body keeps it even if the fault has removed its only use.
    free = like.__code__.co_freevars
    definition.body += ast.parse("\n".join(free)).body
    # Declared global, its own name in a recursive call is found where the correct function finds it.
    tree = ast.parse(f"def outer({', '.join(free)}): global {definition.name}")
    tree.body[0].body.append(definition)  # type: ignore[attr-defined]
    ast.increment_lineno(tree, like.__code__.co_firstlineno - 1)
    module = compile(tree, like.__code__.co_filename, "exec", dont_inherit=True)
    return inner_code(inner_code(module, "outer"), definition.name)


def inner_code(code: CodeType, name: str) -> CodeType:
    """The code of the function ``name`` defined inside ``code``."""
    return next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == name)


# --- the functions of the package, and which of them run -------------------------------------------------------------


def package_functions() -> list[FunctionType]:
    """Every function and method defined in the loaded modules of the package, each once.

    ``scratchnn.book`` is left out: it computes no gradients for the package. The checkers of the exercises are named after
    the backward passes that they ask for, and the figures are only drawn.
    """
    found: dict[CodeType, FunctionType] = {}
    for name, module in sorted(sys.modules.items()):
        if in_package(name):
            for value in vars(module).values():
                members = vars(value).values() if isinstance(value, type) else [value]
                for member in members:
                    if isinstance(member, staticmethod | classmethod):
                        member = member.__func__
                    elif isinstance(member, property):
                        member = member.fget
                    if isinstance(member, FunctionType) and in_package(member.__module__):
                        found.setdefault(member.__code__, member)
    return list(found.values())


def in_package(module: str) -> bool:
    """Whether a module of that name belongs to the package, without ``scratchnn.book``."""
    parts = module.split(".")
    return parts[0] == "scratchnn" and parts[1:2] != ["book"]


def is_backward_pass(function: FunctionType) -> bool:
    """Whether the function is a backward pass by its name: ``backward``, ``lstm_backward``, ``backward_loss`` ..."""
    return BACKWARD.fullmatch(function.__name__) is not None


def called(function: Callable[..., Any], *arguments: Any) -> set[CodeType]:
    """The code objects of all Python functions that run during the call ``function(*arguments)``."""
    seen: set[CodeType] = set()

    def note(frame: Any, event: str, argument: Any) -> None:
        if event == "call":
            seen.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        function(*arguments)
    finally:
        sys.setprofile(before)
    return seen
