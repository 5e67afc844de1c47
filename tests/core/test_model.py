"""What a model says of itself: config and back, repr; the gradient with respect to its loss."""

from __future__ import annotations

import json

import numpy as np
import pytest

from scratchnn.core import Layer, Model
from scratchnn.errors import CheckpointError
from scratchnn.layers import Dense
from scratchnn.models.language_model import LanguageModel


class Line(Model):
    """y = x W + b, and nothing else."""

    def __init__(self, inputs, *, outputs=1, rng):
        super().__init__()
        self.inputs, self.outputs = inputs, outputs
        self.dense = Dense(inputs, outputs, rng=rng)

    @property
    def config(self):
        return {"inputs": self.inputs, "outputs": self.outputs}


def test_a_model_is_built_again_from_its_config():
    model = Line(3, outputs=2, rng=np.random.default_rng(1))
    config = json.loads(json.dumps(model.config))
    twin = Line.from_config(config, rng=np.random.default_rng(1))
    assert type(twin) is Line
    for name, value in model.state_dict().items():
        np.testing.assert_array_equal(twin.state_dict()[name], value)
    other = Line.from_config(config)
    other.load_state_dict(model.state_dict())
    np.testing.assert_array_equal(Line.from_config(config).dense.W.data, Line.from_config(config).dense.W.data)


@pytest.mark.parametrize("config", [{}, {"inputs": 1, "depth": 2}, {"inputs": 1, "rngs": 2}])
def test_a_config_that_does_not_fit_is_one_clear_line(config):
    with pytest.raises(CheckpointError, match=r"^Line cannot be built from the saved config: .*(inputs|depth|rngs)"):
        Line.from_config(config)


def test_an_error_of_the_constructor_itself_is_not_hidden():
    class Strict(Line):
        def __init__(self, inputs, *, rng):
            super().__init__(inputs, rng=rng)
            raise TypeError("inputs must be a tuple")

    with pytest.raises(TypeError, match=r"^inputs must be a tuple$") as caught:
        Strict.from_config({"inputs": 3})
    assert not isinstance(caught.value, CheckpointError)


def test_a_model_without_config_or_loss_says_so():
    model = Model()
    for call, name in (
        (lambda: model.config, "config"),
        (lambda: model.loss((), None), "loss"),
        (lambda: model.backward_loss(0.5), "backward_loss"),
    ):
        with pytest.raises(TypeError, match=f"Model does not define {name}"):
            call()


def test_repr_has_class_config_and_number_of_parameters():
    assert repr(Line(3, outputs=400, rng=np.random.default_rng(0))) == "Line(inputs=3, outputs=400, 1,600 parameters)"
    model = Model()
    model.top = [Dense(2, 3, rng=np.random.default_rng(0))]
    assert repr(model) == "Model(9 parameters)"
    assert repr(Layer()) == "Layer()"


@pytest.mark.parametrize("dloss", [0.25, -2.0, 0.0])
def test_gradients_of_a_language_model_scale_with_dloss(dloss):
    ids = np.random.default_rng(0).integers(0, 5, (2, 7))
    model = LanguageModel(5, embedding_size=3, hidden_size=4, rng=np.random.default_rng(1)).astype("float64")
    gradients = []
    for arguments in ((), (1.0,), (dloss,)):
        model.loss((ids[:, :-1], ids[:, 1:]), None)
        model.backward_loss(*arguments)
        gradients.append([p.dense_gradient().copy() for p in model.parameters()])
        model.clear_gradients()
    for default, one, scaled in zip(*gradients, strict=True):
        assert default.tobytes() == one.tobytes()
        np.testing.assert_allclose(scaled, dloss * one, rtol=1e-10, atol=1e-14)
