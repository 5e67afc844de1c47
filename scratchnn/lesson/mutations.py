"""The small mistakes that are planted in backward passes, as edits of the source text.

    kind                    what it does
    sign flipped            a + b -> a - b,   -x -> x,   x += y -> x -= y
    term dropped            a + b -> a,   a + b -> b,   1 - x -> x
    factor dropped          a * b -> a,   a @ b -> b,   a / b -> a
    factor inverted         a / b -> a * b,   x *= y -> x /= y
    update dropped          removes an assignment into an array, a reassignment, or a call made for its effect
    update replaced         x += y -> x = y: the previous value is lost
    transpose swapped       X.T -> X,   X @ y -> X.T @ y,   X.transpose(1, 0, 2) -> X
    time index shifted      x[t] -> x[t - 1], x[t + 1],   x[:-1] -> x[1:]
    number changed          x[2] -> x[1], x[3],   axis=-1 -> axis=1
    function left out       tanh(x) -> x,   reversed(x) -> x,   x.copy() -> x
    mask changed            ~pad -> pad,   where(m, a, b) -> where(m, b, a), a, b
    condition inverted      a > b -> a < b,   x is None -> x is not None,   and -> or

Annotations are left unchanged, and so is code that only raises an error: a ``raise`` and the condition that guards it.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

AUGMENTED: dict[type, str] = {ast.Add: "+=", ast.Sub: "-=", ast.Mult: "*=", ast.Div: "/="}
OPPOSITE: dict[type, tuple[str, str]] = {
    ast.Lt: ("<", ">"),
    ast.Gt: (">", "<"),
    ast.LtE: ("<=", ">="),
    ast.GtE: (">=", "<="),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
MEMORY = {"end", "ascontiguousarray", "to_numpy"}  # these change no values
# Leaving out one of these calls either fails at once or changes no values.
PLUMBING = {"array_module", "range", "len", "isinstance", "tuple", "float"} | MEMORY


@dataclass(frozen=True)
class Edit:
    """Bytes ``start`` to ``end`` of the source become ``text``.

    ``statement`` contains the first and the last line of the statement that is edited.
    """

    kind: str
    start: int
    end: int
    text: str
    statement: tuple[int, int]


class Source:
    """The source text of a function, in bytes, because positions in a syntax tree count bytes."""

    def __init__(self, text: str):
        self.data = text.encode()
        self.starts = [0]
        for line in self.data.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))
        self.comments: dict[int, str] = {}
        code = bytearray(self.data)
        lines = text.splitlines()
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                start = self.starts[row - 1] + len(lines[row - 1][:column].encode())
                code[start : start + len(token.string.encode())] = b" " * len(token.string.encode())
                self.comments[row] = token.string
        self.code = bytes(code)  # the text with all comments blanked out

    def start(self, node: ast.AST) -> int:
        """The position where ``node`` begins."""
        return self.starts[node.lineno - 1] + node.col_offset  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        """The position where ``node`` ends."""
        return self.starts[node.end_lineno - 1] + node.end_col_offset  # type: ignore[attr-defined]

    def line(self, position: int) -> int:
        """The number of the line that contains a position, counted from 1."""
        return next(k for k, start in enumerate(self.starts) if start > position)

    def text(self, start: int, end: int) -> str:
        """The code between two positions, without comments."""
        return self.code[start:end].decode().strip()

    def of(self, node: ast.AST) -> str:
        """The code of ``node``."""
        return self.text(self.start(node), self.end(node))

    def split(self, whole: ast.AST, left: ast.AST, right: ast.AST) -> tuple[str, int, int, str]:
        """Split ``left op right`` into the text before the operator, its start, its end, and the text after it."""
        between = self.code[self.end(left) : self.start(right)]
        operator = re.search(rb"[^\s()\\]+(\s+not)?", between)
        assert operator is not None, "two operands without an operator between them"
        first, last = self.end(left) + operator.start(), self.end(left) + operator.end()
        return self.text(self.start(whole), first), first, last, self.text(last, self.end(whole))


def edits(function: ast.FunctionDef, source: Source) -> list[Edit]:
    """All edits of the body of the function, in the order of the text."""
    known = {a.arg for a in [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]}
    loops = {n.target.id for n in ast.walk(function) if isinstance(n, ast.For) and isinstance(n.target, ast.Name)}
    found: list[Edit] = []
    for statement in statements(function.body):
        header = statement_lines(statement)
        for kind, start, end, text in statement_edits(statement, source, known):
            found.append(Edit(kind, start, end, text, header))
        for node in expressions(statement):
            for kind, start, end, text in expression_edits(node, source, loops):
                found.append(Edit(kind, start, end, text, header))
        if isinstance(statement, ast.Assign):
            known |= {n.id for target in statement.targets for n in ast.walk(target) if isinstance(n, ast.Name)}
    unique = {(e.start, e.end, e.text): e for e in reversed(found)}
    return sorted(unique.values(), key=lambda e: (e.start, e.end, e.text))


def statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """All statements of a body and of the blocks inside it, except documentation and code that only raises an error."""
    for statement in body:
        if isinstance(statement, ast.Raise) or is_documentation(statement):
            continue
        if not only_raises(statement):
            yield statement
        for block in ("body", "orelse", "finalbody"):
            yield from statements(getattr(statement, block, []))


def only_raises(statement: ast.stmt) -> bool:
    """Whether the statement is an ``if`` that guards nothing but a ``raise``."""
    return isinstance(statement, ast.If) and all(isinstance(inner, ast.Raise) for inner in statement.body)


def is_documentation(statement: ast.stmt) -> bool:
    """Whether the statement is a bare constant, such as a docstring."""
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def is_stub(function: ast.FunctionDef) -> bool:
    """Whether the function only raises an error."""
    return all(is_documentation(s) or isinstance(s, ast.Raise) for s in function.body)


def statement_lines(statement: ast.stmt) -> tuple[int, int]:
    """The first and last line of a statement; for a compound statement, of its header."""
    body = getattr(statement, "body", None)
    last = body[0].lineno - 1 if body else statement.end_lineno
    return statement.lineno, max(statement.lineno, last or statement.lineno)


def expressions(statement: ast.stmt) -> Iterator[ast.AST]:
    """The expressions of a statement itself, without those of annotations and of the statements inside it."""
    stack: list[ast.AST] = [
        child for name, value in ast.iter_fields(statement) if name != "annotation" for child in nodes(value)
    ]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt | ast.JoinedStr):
            continue
        yield node
        stack.extend(ast.iter_child_nodes(node))


def nodes(value: object) -> list[ast.AST]:
    """The syntax nodes in a field of a node."""
    return [n for n in (value if isinstance(value, list) else [value]) if isinstance(n, ast.AST)]


Change = tuple[str, int, int, str]


def statement_edits(statement: ast.stmt, source: Source, known: set[str]) -> Iterator[Change]:
    """Edits of a whole statement; ``known`` contains the names that have a value before it."""
    start, end = source.start(statement), source.end(statement)
    if isinstance(statement, ast.AugAssign):
        yield "update dropped", start, end, "pass"
        symbol = AUGMENTED.get(type(statement.op))
        if symbol:
            _, first, last, _ = source.split(statement, statement.target, statement.value)
            flipped = {"+=": "-=", "-=": "+=", "*=": "/=", "/=": "*="}[symbol]
            yield "sign flipped" if symbol in ("+=", "-=") else "factor inverted", first, last, flipped
            yield "update replaced", first, last, "="
    elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        if called_name(statement.value) not in MEMORY:
            yield "update dropped", start, end, "pass"
    elif isinstance(statement, ast.Assign):
        target = statement.targets[0]
        if isinstance(target, ast.Subscript | ast.Attribute) or (isinstance(target, ast.Name) and target.id in known):
            yield "update dropped", start, end, "pass"
    elif isinstance(statement, ast.If) and not isinstance(statement.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
        test = statement.test
        yield "condition inverted", source.start(test), source.end(test), f"not {source.of(test)}"


def expression_edits(node: ast.AST, source: Source, loops: set[str]) -> Iterator[Change]:
    """Edits of an expression; ``loops`` contains the names of loop variables."""
    if isinstance(node, ast.BinOp):
        yield from operator_edits(node, source)
    elif isinstance(node, ast.UnaryOp):
        kind = {ast.USub: "sign flipped", ast.Invert: "mask changed"}.get(type(node.op), "condition inverted")
        if isinstance(node.operand, ast.Constant):
            kind = "number changed"
        sign = 3 if isinstance(node.op, ast.Not) else 1  # its characters; what follows may begin with a parenthesis
        yield kind, source.start(node), source.end(node), source.text(source.start(node) + sign, source.end(node)).lstrip()
    elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in OPPOSITE:
        _, first, last, _ = source.split(node, node.left, node.comparators[0])
        yield "condition inverted", first, last, OPPOSITE[type(node.ops[0])][1]
    elif isinstance(node, ast.BoolOp) and len(node.values) == 2:
        _, first, last, _ = source.split(node, *node.values)
        yield "condition inverted", first, last, "or" if isinstance(node.op, ast.And) else "and"
    elif isinstance(node, ast.Attribute) and node.attr == "T":
        yield (
            "transpose swapped",
            source.start(node),
            source.end(node),
            source.text(source.start(node), source.end(node) - 2),
        )
    elif isinstance(node, ast.Call):
        yield from call_edits(node, source)
    elif isinstance(node, ast.Subscript):
        yield from index_edits(node, source, loops)


def operator_edits(node: ast.BinOp, source: Source) -> Iterator[Change]:
    """Edits of ``left op right``."""
    start, end = source.start(node), source.end(node)
    left, first, last, right = source.split(node, node.left, node.right)
    if isinstance(node.op, ast.Add):
        yield "sign flipped", first, last, "-"
        yield "term dropped", start, end, left
        yield "term dropped", start, end, right
    elif isinstance(node.op, ast.Sub):
        yield "sign flipped", first, last, "+"
        yield "term dropped", start, end, left
        yield "term dropped", start, end, f"-{right}"
        if isinstance(node.left, ast.Constant):
            yield "term dropped", start, end, right  # 1 - x -> x
    elif isinstance(node.op, ast.Mult | ast.MatMult | ast.Div | ast.BitAnd | ast.BitOr):
        kind = "mask changed" if isinstance(node.op, ast.BitAnd | ast.BitOr) else "factor dropped"
        yield kind, start, end, left
        yield kind, start, end, right
        if isinstance(node.op, ast.Div):
            yield "factor inverted", first, last, "*"
        if isinstance(node.op, ast.MatMult):
            for side in (node.left, node.right):
                if isinstance(side, ast.Name | ast.Subscript):
                    yield "transpose swapped", source.end(side), source.end(side), ".T"


def called_name(node: ast.Call) -> str:
    """The last part of the name of the called function."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def call_edits(node: ast.Call, source: Source) -> Iterator[Change]:
    """Edits of a call."""
    start, end = source.start(node), source.end(node)
    name = called_name(node)
    arguments = [source.of(argument) for argument in node.args]
    if isinstance(node.func, ast.Attribute) and name in ("transpose", "copy"):
        kind = "transpose swapped" if name == "transpose" else "function left out"
        yield kind, start, end, source.of(node.func.value)
    elif name == "where" and len(arguments) == 3:
        yield "mask changed", source.start(node.args[1]), source.end(node.args[2]), f"{arguments[2]}, {arguments[1]}"
        yield "mask changed", start, end, f"({arguments[1]})"
        yield "mask changed", start, end, f"({arguments[2]})"
    elif arguments and name not in PLUMBING and (name.endswith("backward") or len(arguments) + len(node.keywords) == 1):
        yield "function left out", start, end, f"({arguments[0]})"
    for keyword in node.keywords:
        if keyword.arg == "where":
            yield "mask changed", source.start(keyword.value), source.end(keyword.value), f"~({source.of(keyword.value)})"


def index_edits(node: ast.Subscript, source: Source, loops: set[str]) -> Iterator[Change]:
    """Edits of ``value[...]``."""
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for part in parts:
        start, end = source.start(part), source.end(part)
        text = source.text(start, end)
        if text == ":-1" or text == "1:":
            yield "time index shifted", start, end, "1:" if text == ":-1" else ":-1"
        elif isinstance(part, ast.Name) and part.id in loops:
            yield "time index shifted", start, end, f"{text} - 1"
            yield "time index shifted", start, end, f"{text} + 1"
        elif isinstance(part, ast.Constant) and type(part.value) is int:
            yield "number changed", start, end, str(part.value + 1)
            if part.value > 0:
                yield "number changed", start, end, str(part.value - 1)
