"""Solutions to the exercises, one file per chapter; ``python -m scratchnn exercise 5.2 --solution`` prints one."""

from __future__ import annotations

import ast
from importlib import resources


def solution_code(chapter: int, function: str) -> str:
    """The source of one solution, with the comment above it and the imports and functions that it needs."""
    text = resources.files(__name__).joinpath(f"ch{chapter:02d}.py").read_text(encoding="utf-8")
    lines, nodes = text.splitlines(), ast.parse(text).body
    functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}
    needed, names = {function}, names_in(functions[function])
    while more := (names & set(functions)) - needed:
        needed |= more
        names |= {name for other in more for name in names_in(functions[other])}
    imports = [
        ast.unparse(node)
        for node in nodes
        if isinstance(node, ast.Import | ast.ImportFrom)
        and names & {(alias.asname or alias.name).partition(".")[0] for alias in node.names}
    ]
    blocks = [with_comment(lines, node) for name, node in functions.items() if name in needed]
    return "\n\n\n".join(["\n".join(imports), *blocks] if imports else blocks)


def names_in(node: ast.AST) -> set[str]:
    """All names that a piece of code mentions."""
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}


def with_comment(lines: list[str], node: ast.FunctionDef) -> str:
    """The source of a function, with the comment lines directly above it."""
    first = node.lineno - 1
    while first > 0 and lines[first - 1].startswith("#"):
        first -= 1
    return "\n".join(lines[first : node.end_lineno])
