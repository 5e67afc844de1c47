"""What is drawn of a classifier of texts: the gates equal those of the step functions, and the figures can be drawn."""

from __future__ import annotations

import io

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.functions import sigmoid
from scratchnn.inspection.texts import (
    gate_activity,
    plot_accuracy_by_labels,
    plot_attention,
    plot_confusion,
    plot_gates,
)
from scratchnn.recurrent.cells import make_cell


@pytest.mark.parametrize("sequences", [False, True])
@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("lstm", ["output", "input", "forget"]),
        ("gru", ["update", "reset"]),
        ("gru-reset-before", ["update", "reset"]),
        ("gru-simplified", ["update"]),
    ],
)
def test_gates_one_step_after_the_other(cell, names, sequences):
    rng = np.random.default_rng(0)
    layer = make_cell(cell, 3, 4, rng, return_sequences=sequences)
    layer.evaluate()
    for parameter in layer.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    x = rng.standard_normal((5, 3))
    found = gate_activity(layer, x)
    assert list(found) == names
    state, h = None, np.zeros(4)
    for t in range(5):
        a = x[t] @ layer.Wx.data + h @ layer.Wh.data + layer.b.data
        for k, name in enumerate(names):
            assert found[name][t] == pytest.approx(sigmoid(a[4 * k : 4 * k + 4]).mean(), abs=1e-12)
        _, state = layer.forward(x[None, t : t + 1], state)
        h = layer.hidden(state)[0]


def test_an_update_gate_that_keeps_the_state():
    layer = make_cell("gru", 2, 3, np.random.default_rng(0))
    layer.b.data[:3] = 50
    assert gate_activity(layer, np.ones((4, 2), dtype=np.float32))["update"].min() > 0.999


def test_cells_without_such_gates():
    for cell in ("rnn", "lstm-peephole"):
        with pytest.raises(DataError, match="has no gates that depend on inputs and states alone; use an LSTM or a GRU"):
            gate_activity(make_cell(cell, 2, 3, np.random.default_rng(0)), np.ones((4, 2), dtype=np.float32))


def drawn(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue().startswith(b"\x89PNG")


@pytest.mark.parametrize("K", [2, 5, 40])
def test_a_confusion_matrix_shows_shares_of_the_true_class(K):
    matrix = np.random.default_rng(0).integers(0, 50, (K, K))
    matrix[1] = 0  # a class without texts
    figure = plot_confusion(matrix, ["a label that is much too long" if k == 0 else f"$label {k}" for k in range(K)])
    axes = figure.axes[0]
    shown = axes.images[0].get_array()
    np.testing.assert_allclose(shown[0], matrix[0] / matrix[0].sum())
    assert (shown[1] == 0).all()
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert len(axes.texts) == (K * K if K <= 12 else 0)
    assert drawn(figure)


def test_weights_and_gates_along_a_text():
    words = [f"word{k}" for k in range(90)]
    figure = plot_attention(words, np.full(90, 1 / 90))
    assert len(figure.axes[0].patches) == 60  # the first 60 words
    assert drawn(figure)
    figure = plot_gates(["a", "$b"], {"update": np.array([0.1, 0.9]), "reset": np.array([0.5, 0.5])})
    assert [line.get_label() for line in figure.axes[0].lines] == ["update", "reset"]
    assert drawn(figure)
    assert drawn(plot_attention([], np.zeros(0)))


def test_accuracy_against_labels():
    figure = plot_accuracy_by_labels([200, 2000], {"none": [[0.6, 0.7], [0.8, 0.8]], "own vectors": [[0.8], [0.9]]})
    line = figure.axes[0].lines[0]
    np.testing.assert_allclose(line.get_ydata(), [0.65, 0.8])
    assert [text.get_text() for text in figure.axes[0].get_xticklabels()] == ["200", "2,000"]
    assert drawn(figure)
