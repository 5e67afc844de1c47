"""Checks along random directions: real sizes, what they refuse, the command."""

import re

import numpy as np
import pytest

from scratchnn.cli import main
from scratchnn.gradcheck import LIMITS, all_cases, pair_problem
from scratchnn.gradcheck.directions import check_directions
from scratchnn.gradcheck.sizes import SIZED, sized_cases, sized_pair
from scratchnn.recurrent import lstm_backward, lstm_forward
from scratchnn.recurrent.cells import CELLS

LSTM_AXES = {"x": "N T D", "h": "N H", "c": "N H", "Wx": "D 4H", "Wh": "H 4H"}

# Where the function bends so much along a direction that central differences are too coarse: the complex step alone.
STEEP = ("crf/wide", "classifier/gru+bidirectional+dropout+two-layers")


@pytest.mark.parametrize("name", all_cases())
def test_every_case_passes_along_two_directions(name):
    methods = ("complex",) if name in STEEP else ("central", "complex")
    findings = all_cases()[name].check_directions(2, methods)
    assert [(f.array, f.method) for f in findings] == [(f"direction {k}", method) for k in (1, 2) for method in methods]
    assert all(f.ok and f.error < LIMITS[f.method] for f in findings)


@pytest.mark.parametrize("name", SIZED)
def test_every_sized_case(name):
    sizes = (6, 5, 30, 40, 3)[: len(SIZED[name].axes.split(","))]
    one = next(one for one in sized_cases([name], sizes) if one.name == f"{name} ({','.join(map(str, sizes))})")
    found = one.check_directions(2)
    assert {f.method for f in found} == ({"complex"} if name == "rnn-relu" else {"central", "complex"})
    assert all(finding.ok for finding in found)


@pytest.mark.parametrize("cell", CELLS)
def test_every_cell_has_a_sized_case_by_the_name_of_the_cell(cell):
    names = [one.name.partition(" ")[0] for one in sized_cases([cell], (2, 3, 4, 5))]
    assert names == (["gru-simplified", "gru-reset-before", "gru-reset-after"] if cell == "gru" else [cell])


def test_a_sized_case_of_a_wrong_pair_fails():
    def backward(*arguments):
        gradients = lstm_backward(*arguments)
        return *gradients[:-1], 1.001 * gradients[-1]

    wrong = sized_pair("N,T,D,H", lstm_forward, backward, {**LSTM_AXES, "b": "4H"}).build(
        np.random.default_rng(0), 2, 3, 4, 5
    )
    assert {f.array for f in check_directions(wrong, 2) if not f.ok} == {"direction 1", "direction 2", "b"}


X = np.random.default_rng(0).standard_normal((3, 4))


def findings(backward, **arrays):
    return check_directions(pair_problem(lambda x, b: (np.tanh(x) + b, x), backward, {"x": X, "b": X[0], **arrays}), 2)


def right(dy, x):
    return dy * (1 - np.tanh(x) ** 2), dy.sum(axis=0)


def test_the_wrong_array_is_named():
    found = findings(lambda dy, x: (right(dy, x)[0], 1.001 * right(dy, x)[1]))
    assert {f.array for f in found if not f.ok} == {"direction 1", "direction 2", "b"}
    assert {f.array for f in found if f.ok} == {"x"}
    assert found[0].shape == (16,)


def test_one_wrong_entry_is_refused():
    def backward(dy, x):
        dx, db = right(dy, x)
        dx[1, 2] *= 1.001
        return dx, db

    assert not any(f.ok for f in findings(backward) if f.array.startswith("direction"))


@pytest.mark.parametrize(
    ("backward", "note"),
    [
        (lambda dy, x: (right(dy, x)[0].T, right(dy, x)[1]), "the gradient has shape (4, 3), the array (3, 4)"),
        (lambda dy, x: (right(dy, x)[0] * np.nan, right(dy, x)[1]), "the gradient is not finite"),
    ],
)
def test_shapes_and_nan_are_refused(backward, note):
    assert note in {f.note for f in findings(backward) if not f.ok}


def test_side_effects_are_refused():
    def backward(dy, x):
        gradients = right(dy, x)
        dy *= 0
        return gradients

    assert {f.method for f in findings(backward) if not f.ok} == {"written"}


def test_masked_nan_in_an_input():
    assert all(f.ok for f in all_cases()["mean_squared_error/masked-nan"].check_directions(1))


# --- the command -----------------------------------------------------------------------------------------------------


@pytest.fixture
def run(capsys):
    """Runs the command in this process: status, output, error output."""

    def call(*arguments):
        status = main(["gradcheck", *arguments])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def test_a_real_shape(run):
    status, output, error = run("lstm", "--shape", "4,6,50,60", "--directions", "3")
    lines = output.splitlines()
    assert (status, error) == (0, "")
    assert lines[1] == "lstm (4,6,50,60)"
    assert re.fullmatch(r"  direction 1 +\(28320\) +\S+e-\d\d +\S+e-1\d +ok", lines[2])
    assert lines[-2].startswith("1 case, 3 directions, 0 FAIL in ")
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["lstm", "--shape", "2,3,4,5"], "--shape needs --directions K"),
        (["--shape", "2,3,4,5", "--directions", "1"], "--shape needs a name: softmax_cross_entropy, dense"),
        (["lstm", "--shape", "2,3,4", "--directions", "1"], "lstm takes --shape N,T,D,H, got 3 size(s)"),
        (["lstm", "--shape", "2,x,3,4", "--directions", "1"], "--shape takes whole numbers of 1 or more"),
        (["relu", "--shape", "2", "--directions", "1"], "relu has a fixed shape; --shape works for softmax_cross"),
        (["lstmm", "--shape", "2,3,4,5", "--directions", "1"], "no gradient check named 'lstmm'; did you mean lstm"),
        (["a.py:A", "--shape", "2", "--directions", "1"], "--shape takes registered names, not a.py:A; set the sizes in"),
        (["lstm", "--directions", "0"], "--directions needs a number of 1 or more"),
        (["lstm", "--directions", "1", "--properties"], "does not go with --properties"),
        (["--break", "lstm", "--directions", "1"], "--break takes one name and no other options"),
    ],
)
def test_options_that_do_not_fit(run, arguments, expected):
    status, output, error = run(*arguments)
    assert (status, output) == (2, "")
    assert expected in error
    assert error.count("\n") == 1


def test_the_help_says_what_a_direction_can_miss(capsys):
    with pytest.raises(SystemExit):
        main(["gradcheck", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    assert "A direction misses an error that is a smaller part of the whole slope than the limit" in text


def test_the_list_names_the_sizes(run):
    _, output, _ = run("--list")
    assert "lstm N,T,D,H" in " ".join(output.split())
