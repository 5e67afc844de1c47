"""How far back in time a gradient reaches."""

import numpy as np
import pytest

from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.recurrent import LSTM, RNN, Stacked


@pytest.mark.parametrize("return_sequences", [True, False])
def test_norms_are_those_of_products_by_the_transposed_weights(return_sequences):
    """At zero states the slope of tanh is one, so that a step back is only a product with Wh^T."""
    layer = RNN(2, 3, rng=np.random.default_rng(0), return_sequences=return_sequences)
    layer.Wh.data *= 0.5  # orthogonal before
    dh = np.random.default_rng(1).standard_normal((4, 3))
    norms = gradient_norms(layer, np.zeros((4, 6, 2)), dh)
    assert norms == pytest.approx(np.linalg.norm(dh) * 0.5 ** np.arange(7))
    assert layer.Wh.grad is None


def test_norms_end_at_the_gradient_with_respect_to_the_first_state():
    layer = LSTM(2, 3, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    x, dstate = rng.standard_normal((4, 6, 2)), (rng.standard_normal((4, 3)), rng.standard_normal((4, 3)))
    norms = gradient_norms(layer, x, dstate)
    y, _ = layer.forward(x)
    _, first = layer.backward(np.zeros_like(y), dstate)
    assert norms[0] == pytest.approx(np.sqrt(sum((part**2).sum() for part in dstate)))
    assert norms[-1] == pytest.approx(np.sqrt(sum((part**2).sum() for part in first)))


def test_the_norm_is_that_of_all_arrays_of_a_nested_state():
    rng = np.random.default_rng(0)
    layer = Stacked([LSTM(2, 3, rng=rng), RNN(3, 3, rng=rng)])
    h, c, top = rng.standard_normal((3, 4, 3))
    norms = gradient_norms(layer, rng.standard_normal((4, 6, 2)), ((h, c), top))
    assert norms[0] == pytest.approx(np.sqrt((h**2 + c**2 + top**2).sum()))
    assert np.isfinite(norms).all()
