"""The step functions as text: every product with its shapes and its equation, every name for one thing only."""

import ast
import inspect
import re
import sys
from typing import ClassVar

import numpy as np
import pytest
from recurrent_cases import CELLS

PAIRS = {name: cell for name, cell in CELLS.items() if name != "rnn-relu"}
each_pair = pytest.mark.parametrize("cell", PAIRS.values(), ids=PAIRS.keys())

EQUATION = re.compile(r"\((\d+)\)")
SHAPE = re.compile(r"\(([^()@]*)\)")
SIZES = {"N": 5, "D": 2, "H": 3}


def functions(cell):
    """The step functions of a cell, forward and backward."""
    return getattr(cell.step, "func", cell.step), cell.step_backward


def lines(function):
    """The lines of a function by number, and its syntax tree with the same numbers."""
    text, first = inspect.getsourcelines(function)
    tree = ast.parse("".join(text))
    ast.increment_lineno(tree, first - 1)
    return dict(enumerate(text, first)), tree.body[0]


def products(function):
    """The number of matrix products on each line that has any."""
    _, tree = lines(function)
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
            found[node.lineno] = found.get(node.lineno, 0) + 1
    return found


def comment(line):
    return line.partition("#")[2]


def shapes_in(text):
    """``(1)  (N, D) @ (D, 4H) + (N, H) @ (H, 4H) -> (N, 4H)`` in numbers: the operands of both products, the result."""

    def numbers(shape):
        return tuple(int(k or 1) * SIZES[size] for k, size in re.findall(r"(\d*)([NDH])", shape))

    left, _, right = text.strip().partition("  ")[2].partition("->")  # without the equation number
    pairs = [tuple(numbers(shape) for shape in SHAPE.findall(product)) for product in left.split(" + ")]
    return pairs, numbers(SHAPE.findall(right)[0])


@each_pair
def test_every_product_has_its_shapes_and_one_equation_number(cell):
    for function in functions(cell):
        text, _ = lines(function)
        assert products(function)
        for number, count in products(function).items():
            words = comment(text[number])
            assert len(EQUATION.findall(words)) == 1, text[number]
            assert re.fullmatch(r" \(\d+\)  \(.+\) @ \(.+\) -> \([^()]+\)\n", words), text[number]
            pairs, result = shapes_in(words)
            assert len(pairs) == count, text[number]
            for left, right in pairs:
                assert left[1] == right[0], text[number]
                assert (left[0], right[1]) == result, text[number]


class Recorded(np.ndarray):
    """An array that records the shapes of every matrix product by the line that asks for it."""

    __module__ = "numpy"
    found: ClassVar[dict] = {}

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        plain = [a.view(np.ndarray) if isinstance(a, Recorded) else a for a in inputs]
        if ufunc is np.matmul:
            Recorded.found.setdefault(sys._getframe(1).f_lineno, []).append((plain[0].shape, plain[1].shape))
        result = getattr(ufunc, method)(*plain, **kwargs)
        return result.view(Recorded) if isinstance(result, np.ndarray) else result


@each_pair
def test_the_shapes_in_the_comments_are_those_of_the_arrays(cell):
    arrays = cell.arrays(np.random.default_rng(0), **SIZES)
    arrays["x"] = arrays["x"][:, 0]
    Recorded.found.clear()
    *states, cache = cell.step(*(array.view(Recorded) for array in arrays.values()))
    cell.step_backward(*(state.view(Recorded) for state in states), cache)
    for function in functions(cell):
        text, _ = lines(function)
        for number in products(function):
            assert sorted(Recorded.found[number]) == sorted(shapes_in(comment(text[number]))[0]), text[number]


@each_pair
def test_every_equation_of_the_file_is_in_the_step_and_no_other(cell):
    forward, backward = functions(cell)
    stated = set(re.findall(r"\((\d+)\)$", sys.modules[forward.__module__].__doc__, re.MULTILINE))
    text = [line for function in (forward, backward) for line in lines(function)[0].values()]
    used = {number for line in text for number in EQUATION.findall(comment(line))}
    assert used == stated
    assert stated == {str(number) for number in range(1, len(stated) + 1)}


@each_pair
def test_one_gradient_per_line_and_no_name_for_two_things(cell):
    forward, backward = functions(cell)
    for function in (forward, backward):
        text, tree = lines(function)
        names = [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
        names += [argument.arg for argument in tree.args.args]
        assert len(names) == len(set(names))
        assert not [node for node in ast.walk(tree) if isinstance(node, ast.AugAssign)]
    gradients = [
        node
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.startswith("d")
    ]
    assert {f"d{name}" for name in ("x", "h", "Wx", "b")} <= {node.targets[0].id for node in gradients}
    for node in gradients:
        assert node.lineno == node.end_lineno
        assert re.search(r"# \(\d+\)|# .*->", text[node.lineno]), text[node.lineno]
