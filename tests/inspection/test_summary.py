"""The table of the layers of a model: shapes, counts, and no text cut off."""

from __future__ import annotations

import re

import numpy as np
import pytest

from scratchnn.core import Layer, Parameter, Sequential
from scratchnn.errors import DataError
from scratchnn.inspection.summary import summary
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.models.language_model import LanguageModel
from scratchnn.recurrent import LSTM, RNN, Bidirectional, LSTMPeephole
from scratchnn.recurrent.cells import CELLS

V, D, H = 11, 5, 6
GATES = {"rnn": 1, "rnn-relu": 1, "gru": 3, "gru-reset-before": 3, "gru-simplified": 2, "lstm": 4, "lstm-peephole": 4}


def model_of(**options):
    sizes = {"embedding_size": H if options.get("tied") else D, "hidden_size": H}
    return LanguageModel(V, **sizes, **options, rng=np.random.default_rng(0))


def ids_of(*shape):
    return np.random.default_rng(1).integers(0, V, shape).astype(np.int32)


every_model = pytest.mark.parametrize(
    ("cell", "layers", "tied"), [(cell, layers, tied) for cell in CELLS for layers in (1, 2, 3) for tied in (False, True)]
)


def rows(table):
    """Layer -> output shape, number of parameters, their shapes."""
    found = {}
    for line in table.splitlines()[1:-1]:
        match = re.match(r"^( *\S.*?) {2,}(\([\d, ]+\))? +([\d,]+)(?: {2}(.*))?$", line)
        if match:
            name, shape, count, note = match.groups()
            found[name.strip()] = (shape, int(count.replace(",", "")), note or "")
    return found


def test_summary_of_andrew_ng_s_example():
    """100 units on a 10,000-word one-hot input: W_a = [W_aa, W_ax] is 100 x 10,100."""
    table = summary(RNN(10000, 100, rng=np.random.default_rng(0)), np.zeros((1, 1, 10000), dtype="float32"))
    assert rows(table)["RNN"] == ("(1, 1, 100)", 1_010_100, "Wx 10,000x100, Wh 100x100, b 100")
    assert "[Wh, Wx] 100 x 10,100" in table
    assert table.splitlines()[-1].split() == ["total", "1,010,100"]


@every_model
def test_summary_of_a_language_model(cell, layers, tied):
    model = model_of(cell=cell, layers=layers, tied=tied)
    table = summary(model, ids_of(4, 9))
    found = rows(table)
    size = H if tied else D
    assert found["LanguageModel"] == (f"(4, 9, {V})", 0, "")
    assert found["embedding Embedding"] == (f"(4, 9, {size})", V * size, f"W {V}x{size}")
    shared = f"W {V}x{H} (shared), b {V}" if tied else f"W {H}x{V}, b {V}"
    assert found["output Dense"] == (f"(4, 9, {V})", V + (0 if tied else H * V), shared)
    for k in range(layers):
        assert found[f"layers.{k} {type(model.cells.layers[k]).__name__}"][0] == f"(4, 9, {H})"
    assert ("between Dropout" in found) == (layers > 1)  # one layer has no dropout between layers
    gates = GATES[cell] * H
    assert table.count(f"[Wh, Wx] {gates} x {2 * H}") == (layers if tied else layers - 1)
    assert tied or f"[Wh, Wx] {gates} x {D + H}" in table
    total = sum(parameter.data.size for parameter in model.parameters())
    assert sum(count for _, count, _ in found.values()) == total
    assert table.splitlines()[-1].split()[-1] == f"{total:,}"


def test_summary_does_not_change_the_model():
    model = model_of(dropout=0.5)
    model.dropout_in.evaluate()
    modes = [layer.training for _, layer in model.named_layers()]
    summary(model, ids_of(1, 1))
    assert [layer.training for _, layer in model.named_layers()] == modes
    assert model.pending() == 0
    assert all("forward" not in vars(layer) for _, layer in model.named_layers())
    with pytest.raises(DataError):
        summary(model, np.array([[V]]))
    assert all("forward" not in vars(layer) for _, layer in model.named_layers())


class ALayerWhoseNameIsSoLongThatItNeedsALineOfItsOwnBecauseOfThat(Sequential):
    """A class with a long name."""


class Odd(Layer):
    """One parameter under two names, a frozen table, a layer that is never used, and one without parameters."""

    def __init__(self):
        super().__init__()
        rng = np.random.default_rng(0)
        self.first = self.second = Parameter(np.zeros((1234, 5)))
        self.table = Embedding(20000, 150, table=np.zeros((20000, 150)), frozen=True)
        both = Bidirectional(LSTMPeephole(150, 150, rng=rng), LSTM(150, 150, rng=rng))
        self.deep = ALayerWhoseNameIsSoLongThatItNeedsALineOfItsOwnBecauseOfThat(both)
        self.never = Dense(3, 4, rng=rng)
        self.nothing = Dropout(0.5, rng=rng)

    def forward(self, ids):
        return self.deep.forward(self.table.forward(ids))


def test_nothing_is_cut_off_however_wide():
    table = summary(Odd(), np.zeros((3, 2), dtype=int))
    assert max(len(line) for line in table.splitlines()) <= 100
    for part in ("Wx 150x600", "Wh 150x600", "p 3x150", "[Wh, Wx] 600 x 300", "W 20,000x150", "(3, 2, 300)"):
        assert part in table
    assert "ALayerWhoseNameIsSoLongThatItNeedsALineOfItsOwnBecauseOfThat" in table
    assert "nothing Dropout" not in table
    found = rows(table)
    assert found["Odd"][1] == 1234 * 5
    assert found["never Dense"] == (None, 16, "W 3x4, b 4")
    assert "(3,000,000 of them frozen)" in table.splitlines()[-1]
