"""Properties of every registered case: each holds wherever it applies, and one planted mutant of each is caught."""

import re
from itertools import pairwise

import every_case
import numpy as np
import pytest

from scratchnn.cli import main
from scratchnn.core import Layer, Parameter
from scratchnn.errors import ShapeError
from scratchnn.gradcheck import Case, all_cases, layer_problem, pair_problem
from scratchnn.gradcheck.properties import FIXED_SHAPE, PROPERTIES, check_properties
from scratchnn.recurrent import LSTM

REASONS = {"ok", "1 output", "refused", "fixed", "no T", "no batch", "no lengths"}
WINDOWED = re.compile("conv[12]d|pool[12]d")  # one step is less than a window, unless the window is one step or padded
N, T, D = 3, 4, 2


@pytest.fixture(scope="module")
def outcomes():
    """The outcomes of all cases."""
    return {name: every_case.properties(name) for name in all_cases()}


@pytest.mark.parametrize("name", all_cases())
def test_registered_case(outcomes, name):
    assert tuple(outcomes[name]) == PROPERTIES
    words = {key: outcome.word for key, outcome in outcomes[name].items()}
    assert set(words.values()) <= REASONS, words
    assert words["bits"] == words["layout"] == words["linear"] == "ok"
    assert words["None"] in ("ok", "1 output")
    assert "refused" not in words.values() or WINDOWED.search(name), words


@pytest.mark.parametrize("family", ["layer-lstm", "lstm", "gru-reset-after", "rnn"])
def test_recurrent_pairs_and_layers_have_every_property(outcomes, family):
    assert {outcome.word for outcome in outcomes[f"{family}/lengths"].values()} == {"ok"}


def test_no_exception_is_left_over():
    names = set(all_cases()) | {one.family for one in all_cases().values()}
    assert {name for name, _ in FIXED_SHAPE} <= names


# --- one mutant of each ----------------------------------------------------------------------------------------------


class Sums(Layer):
    """y_t = x_t W and s = sum of the y_t within the lengths; mutants override one method."""

    def __init__(self):
        super().__init__()
        self.W = Parameter(np.ones((D, D)))

    def forward(self, x, lengths):
        real = (np.arange(x.shape[1]) < lengths[:, None])[:, :, None]
        y = real * (x @ self.W.data)
        self.push((x, real))
        return self.outputs(y)

    def outputs(self, y):
        return y, y.sum(axis=1)

    def backward(self, dy, ds=None):
        x, real = self.pop()
        dy = np.zeros(x.shape) if dy is None else dy
        dy = self.joined(dy, self.missing(dy) if ds is None else ds) * real
        self.W.accumulate(np.einsum("ntd,nth->dh", x, dy))
        return dy @ self.W.data.T

    def missing(self, dy):
        return np.zeros((len(dy), D))

    def joined(self, dy, ds):
        return dy + ds[:, None]


class Stale(Sums):
    calls = 0

    def joined(self, dy, ds):
        Stale.calls += 1
        return super().joined(dy, ds) * (1 + 1e-14 * (Stale.calls % 2))


class OnesForNone(Sums):
    def missing(self, dy):
        return np.ones((len(dy), D))


class MemoryOrder(Sums):
    def joined(self, dy, ds):
        return super().joined(dy, ds).ravel(order="K").reshape(dy.shape)


class Clipped(Sums):
    def joined(self, dy, ds):
        return super().joined(dy, ds).clip(-4, 4)  # no entry of the first cotangents is so large


class Squeezed(Sums):
    """One sequence is taken for a mean over all."""

    def joined(self, dy, ds):
        return super().joined(dy, ds) / (1 if len(dy) > 1 else 2)


class LastButOne(Sums):
    def joined(self, dy, ds):
        return super().joined(dy, ds) if dy.shape[1] > 1 else dy


class AverageOfNothing(Sums):
    def forward(self, x, lengths):
        y, s = super().forward(x, lengths)
        return y, s if lengths.any() else s / lengths.sum()


def outcomes_of(make, **options):
    """The words of the properties of a layer with lengths."""

    def build():
        x = np.random.default_rng(0).standard_normal((N, T, D))
        return layer_problem(make(), {"x": x}, fixed={"lengths": np.array([4, 2, 3])})

    return {name: outcome.word for name, outcome in check_properties(build, **options).items()}


def test_the_layer_without_a_mutant_has_every_property():
    assert set(outcomes_of(Sums).values()) == {"ok"}


@pytest.mark.parametrize(
    ("mutant", "failing"),
    [
        (Stale, {"bits"}),
        (OnesForNone, {"None"}),
        (MemoryOrder, {"layout"}),
        (Clipped, {"linear"}),
        (Squeezed, {"N = 1"}),
        (LastButOne, {"T = 1"}),
        (AverageOfNothing, {"lengths 0"}),
    ],
)
def test_one_mutant_of_each_is_caught(mutant, failing):
    assert {name for name, word in outcomes_of(mutant).items() if word == "FAIL"} == failing


def test_a_mutant_is_among_the_findings_of_a_case():
    def build(rng):
        return layer_problem(OnesForNone(), {"x": rng.standard_normal((N, T, D))}, fixed={"lengths": np.array([4, 2, 3])})

    failing = [finding for finding in Case("sums", build).check() if not finding.ok]
    assert {finding.method for finding in failing} == {"None"}
    assert failing[0].note == "None as the cotangent of output 1 is not the same as zeros"


def test_a_clear_refusal_is_no_failure_but_a_crash_is():
    class Refuses(Sums):
        def forward(self, x, lengths):
            if len(x) == 1:
                raise self.error("two sequences at least")
            return super().forward(x, lengths)

    Refuses.error = ShapeError
    assert outcomes_of(Refuses)["N = 1"] == "refused"
    Refuses.error = IndexError
    assert outcomes_of(Refuses)["N = 1"] == "FAIL"
    assert outcomes_of(Refuses, strict=False)["N = 1"] == "raises"


def test_none_stands_for_a_whole_state_of_several_arrays():
    def build():
        rng = np.random.default_rng(0)
        return layer_problem(LSTM(D, 3, rng=rng), {"x": rng.standard_normal((N, T, D))})

    assert check_properties(build)["None"].word == "ok"


@pytest.mark.parametrize(
    "backward",
    [lambda dy, dz, x: dy + 2 * dz, lambda dy, dz, x: dy + 2 * (0 * dy if dz is None else dz)],
    ids=["both", "one"],
)
def test_a_pair_that_refuses_none(backward):
    def build():
        return pair_problem(lambda x: (x, 2 * x, x), backward, {"x": np.ones((2, 3))})

    assert check_properties(build)["None"].word == "refused"


# --- the table -------------------------------------------------------------------------------------------------------


def test_the_table_has_no_empty_cell_and_fits_the_line(monkeypatch, capsys):
    monkeypatch.setattr(Case, "properties", lambda one, device: every_case.properties(one.name))
    assert main(["gradcheck", "--properties"]) == 0
    lines = capsys.readouterr().out.splitlines()
    table = lines[: lines.index("")]
    assert max(map(len, lines)) <= 80
    starts = [0, *(re.search(rf"\b{re.escape(name)}", table[0]).start() for name in PROPERTIES), 80]
    assert "refused" not in "\n".join(table)
    for line in table:
        assert all(line[a:b].strip() for a, b in pairwise(starts)), line
    assert {line[: starts[1]].strip() for line in table[1:]} == {one.family for one in all_cases().values()}
