"""A pair of functions in the reader's file, kinks in a reader's layer, properties and directions of both."""

import pytest
from own_layer import HEAD, START, swap

PAIR = """\
import numpy as np


def example(rng):
    return {"x": rng.standard_normal((4, 3)), "W": rng.standard_normal((3, 3)), "k": 2, "other": np.ones(5)}


def my_forward(x, W, k, scale=1.0):
    return k * np.tanh(x @ W), (x, W, k)


def my_backward(dy, cache):
    x, W, k = cache
    da = k * dy * (1 - np.tanh(x @ W) ** 2)
    return da @ W.T, x.T @ da
"""
NAMES = "my_forward,my_backward"


def changed(*pairs):
    """The correct pair with parts replaced."""
    text = PAIR
    for old, new in pairs:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


# --- pairs -----------------------------------------------------------------------------------------------------------


def test_a_right_pair_passes(checked):
    status, output, error = checked(PAIR, NAMES)
    assert (status, error) == (0, "")
    assert output.splitlines()[1] == NAMES
    assert [line.split()[0] for line in output.splitlines()[2:4]] == ["x", "W"]
    assert "1 case, 2 arrays, 0 FAIL in " in output


def test_a_wrong_pair_fails_and_its_pattern_is_named(checked):
    status, output, _ = checked(changed(("x.T @ da", "da.T @ x")), NAMES)
    assert status == 1
    assert "analytic = numeric transposed" in " ".join(output.split())


def test_a_state_of_two_arrays(checked):
    text = changed(
        ("return k * np.tanh(x @ W), (x, W, k)", "return k * np.tanh(x @ W), (3 * x, W), (x, W, k)"),
        ("(dy, cache)", "(dy, dstate, cache)"),
        ("return da @ W.T, x.T @ da", "return da @ W.T + 3 * dstate[0], x.T @ da + dstate[1]"),
    )
    assert checked(text, NAMES)[0] == 0


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        (PAIR, "my_forward,my_back", "my_layer.py has no function my_back; it has example, my_forward, my_backward"),
        (PAIR, "my_forward,my_backward,example", "name one pair, as in my_layer.py:forward,backward"),
        (changed(("def example", "def exempel")), NAMES, "has no function example(rng); define it to return the inputs"),
        (changed(('"x": rng', '"y": rng')), NAMES, "example(rng) returns no 'x', an argument of my_forward"),
        (changed(("np.ones(5)", '"abc"')), NAMES, "example(rng) returns 'other' as"),
        (changed((", (x, W, k)\n", "\n")), NAMES, "my_forward returns ndarray; return the outputs, then the cache"),
        (changed(("return k *", "x *= 2\n    return k *")), NAMES, "my_forward writes into its input x: work on a copy"),
        (changed(("return k *", "return np.random.random() * k *")), NAMES, "my_forward is random"),
        (changed(("return k *", "return np.nan * k *")), NAMES, "my_forward gives NaN or infinity"),
        (changed(("return k *", "return (1 / 0) * k *")), NAMES, "forward raised ZeroDivisionError in line 9"),
        (changed(("x @ W), (x", "(x @ W).astype('f')), (x")), NAMES, "it casts to float32 somewhere"),
        (changed((", x.T @ da", "")), NAMES, "my_backward returns 1 array(s); return the gradients with respect to the"),
        (changed(("da @ W.T, x.T", "da[9] @ W.T, x.T")), NAMES, "backward raised IndexError in line 15"),
        (changed(("(4, 3)", "(4000, 3)")), NAMES, "has 12009 entries in inputs and parameters"),
    ],
)
def test_breach_is_one_line(checked, text, names, expected):
    status, output, error = checked(text, names)
    assert (status, output) == (2, "")
    assert expected in error
    assert error.count("\n") == 1


# --- any size, properties --------------------------------------------------------------------------------------------


def test_large_arrays_along_directions(checked):
    large = changed(("(4, 3)", "(4000, 3)"))
    status, output, _ = checked(large, NAMES, "--directions", "2")
    assert status == 0
    assert "direction 2                   (12009)" in output
    wrong = large.replace("x.T @ da", "1.001 * x.T @ da")
    status, output, _ = checked(wrong, NAMES, "--directions", "2")
    assert status == 1
    assert "  W " in output  # the array is named


def test_properties_of_own_code(checked):
    status, output, _ = checked(PAIR, NAMES, "--properties")
    assert status == 0
    assert output.splitlines()[1].split()[1:] == "ok 1 output ok ok ok no T no lengths".split()
    status, output, _ = checked(HEAD, "Mine", "--properties")
    assert status == 0
    assert output.splitlines()[1].split() == "Mine ok 1 output ok ok ok no T no lengths".split()


@pytest.mark.parametrize(
    ("swaps", "note"),
    [
        ([("dy @ self.W.data.T *", "dy.clip(-2, 2) @ self.W.data.T *")], "backward is not linear in the cotangent"),
        ([("dy @ self.W.data.T *", "dy / min(1, len(x) - 1) @ self.W.data.T *")], "N = 1: "),
        (
            [("dy @ self.W.data.T *", "dy.ravel('K').reshape(dy.shape) @ self.W.data.T *")],
            "arrays give other results than contiguous ones",
        ),
    ],
)
def test_a_mutant_of_a_property_of_an_own_layer_is_caught(checked, swaps, note):
    status, output, _ = checked(swap(*swaps))
    assert status == 1
    assert note in " ".join(output.split())


def test_an_axis_that_is_no_batch_is_no_failure(checked):
    text = swap(
        ("(3, 4), rng", "(2, 3), rng"),
        ("return np.tanh(x) @ self.W.data", "return np.tanh(x) * self.W.data"),
        ("np.tanh(x).T @ dy", "np.tanh(x) * dy"),
        ("dy @ self.W.data.T *", "dy * self.W.data *"),
    )
    status, output, _ = checked(text, "Mine", "--properties")
    assert status == 0
    assert "no batch" in output.splitlines()[1]


# --- kinks -----------------------------------------------------------------------------------------------------------

RELU = (
    ('{"x": rng.standard_normal((2, 3))}', '{"x": np.array([[1e-6, 0.5, -0.4], [0.9, -1.2, 0.3]])}'),
    (START, "return x * (x.real > 0) @"),
    ("np.tanh(x).T @ dy", "(x * (x > 0)).T @ dy"),
)


def test_a_correct_layer_near_a_kink_passes_and_says_so(checked):
    status, output, _ = checked(swap(*RELU, ("(1 - np.tanh(x) ** 2)", "(x > 0)")))
    assert status == 0
    assert "1 of 6 entries left out: the function has a kink there" in output
    assert "imaginary part" not in output


@pytest.mark.parametrize("slope", ["2 * (x > 0)", "(x > -1)", "0.5 * (x > 0)"])
def test_its_wrong_twin_fails(checked, slope):
    status, output, _ = checked(swap(*RELU, ("(1 - np.tanh(x) ** 2)", slope)))
    assert status == 1
    assert "imaginary part" not in output
