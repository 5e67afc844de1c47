"""Breaches of the protocol for the reader's own layer: each is an error of one line and status 2."""

import pytest
from own_layer import ADD, HEAD, PUSH, RETURN, START, swap

from scratchnn.cli import main

BREACHES = {
    "syntax": (HEAD + "\ndef f(:\n", "the import raised SyntaxError in line 23"),
    "import": (HEAD + "\nimport no_such_module\n", "the import raised ModuleNotFoundError in line 23"),
    "exit": (HEAD + "\nraise SystemExit(3)\n", "the import raised SystemExit in line 23"),
    "constructor": (
        swap(("self.W = Parameter.glorot((3, 4), rng)", "self.W = 1 / 0")),
        "Mine(rng) raised ZeroDivisionError in line 8",
    ),
    "no super": (swap(("super().__init__()", "pass")), "Mine.__init__ has to call super().__init__() first"),
    "no example": (swap(("example", "exempel")), "Mine has no example(rng)"),
    "example raises": (swap(('{"x": rng.', '{"x": rng.nothing.')), "Mine.example(rng) raised AttributeError in line 12"),
    "example not by name": (
        swap(('{"x": rng.standard_normal((2, 3))}', "rng.random(3)")),
        "has to return a dict of arrays, not ndarray",
    ),
    "example of words": (swap(("rng.standard_normal((2, 3))", '"abc"')), "return an array of numbers"),
    "example named as parameter": (
        swap(('"x":', '"W":')),
        "returns 'W', which is also the name of a parameter; rename one of them",
    ),
    "too large": (
        swap(("(2, 3)", "(2000, 3)")),
        "has 6012 entries in inputs and parameters, and the check changes them one by one; use smaller sizes",
    ),
    "forward raises": (swap((START, "return x[7] @")), "forward raised IndexError in line 16"),
    "forward of nothing": (swap((RETURN, "pass")), "forward returns NoneType"),
    "forward of a list": (swap((RETURN, "return [x]")), "forward returns list"),
    "float32 output": (
        swap(("@ self.W.data\n", "@ self.W.data.astype('f')\n"), ("np.tanh(x) @", "np.tanh(x).astype('f') @")),
        "forward returns float32",
    ),
    "float32 inside": (swap((START, "return np.tanh(x).astype('f') @")), "does not react to a change of x by 1e-10"),
    "nan": (swap((START, "return np.nan * x @")), "gives NaN or infinity"),
    "random": (swap((START, "return np.random.random() * x @")), "forward is random"),
    "input written": (swap((PUSH, PUSH + "        x *= 2\n")), "forward writes into its input x"),
    "parameter written": (swap((PUSH, PUSH + "        self.W.data *= 2\n")), "changes its parameter W"),
    "backward raises": (swap(("x = self.pop()", "x = self.pop()[9]")), "backward raised IndexError in line 19"),
    "gradient is None": (swap((ADD, "self.W.grad += dy")), "add to it with parameter.accumulate(...)"),
    "parameter's shape": (
        swap(("np.tanh(x).T @ dy", "dy")),
        "ShapeError in line 20: gradient of shape (2, 4) for a parameter of shape (3, 4)",
    ),
    "returns None": (
        swap(("return dy @", "dy @")),
        "backward returns None; return the gradients with respect to the floating-point inputs (x), in this order",
    ),
    "returns two": (swap(("return dy @", "return dy, dy @")), "backward returns 2 array(s)"),
    "returns a dict": (swap(("return dy @", "return {'x': dy} if True else dy @")), "backward returns dict; return the"),
    "returns a number": (swap(("return dy @", "return 1 if True else dy @")), "backward returns int for x"),
    "cache left": (swap((PUSH, PUSH * 2)), "leaves 1 cache(s) behind"),
    "nothing to check": (
        swap(("self.W = Parameter.glorot((3, 4), rng)", "pass"), ("rng.standard_normal((2, 3))", "np.arange(3)")),
        "there is nothing to check",
    ),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_breach_is_one_line(checked, breach):
    text, expected = BREACHES[breach]
    status, output, error = checked(text)
    assert (status, output) == (2, "")
    assert error.startswith("error: my_layer.py")
    assert expected in error
    assert error.count("\n") == 1


def test_no_such_file(capsys):
    assert main(["gradcheck", "nowhere/my_layer.py:Mine"]) == 2
    assert "no file nowhere/my_layer.py; python -m scratchnn gradcheck --template" in capsys.readouterr().err


def test_a_folder_is_no_file(tmp_path, capsys):
    (tmp_path / "layer.py").mkdir()
    assert main(["gradcheck", f"{tmp_path / 'layer.py'}:Mine"]) == 2
    assert "layer.py is a folder; a file is needed, and python -m scratchnn gradcheck --temp" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Mime", "my_layer.py has no class Mime; it has Mine"),
        ("Zzz", "my_layer.py has no class Zzz; it has Mine"),
        ("", "my_layer.py: name the class to check, as in my_layer.py:Mine"),
        ("np", "np is not a subclass of scratchnn.core.Layer"),
    ],
)
def test_no_such_class(checked, name, expected):
    status, _, error = checked(HEAD, name)
    assert status == 2
    assert expected in error
