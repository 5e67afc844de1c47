"""Parameters, the tree of layers, the stack of caches, loading."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core import Layer, Parameter, RowGradient, Sequential
from scratchnn.errors import CacheError, CheckpointError, ShapeError
from scratchnn.layers import Dense, Dropout, Embedding, LayerNorm, Sigmoid, Tanh


def rng():
    return np.random.default_rng(0)


class Model(Layer):
    """An embedding, a list of layers and a string, and an output layer tied to the embedding."""

    def __init__(self):
        super().__init__()
        generator = rng()
        self.zeta = Embedding(5, 3, rng=generator)
        self.stack = [Dense(3, 3, rng=generator), "not a layer", LayerNorm(3)]
        self.scale = Parameter(np.ones(1, dtype="float32"))
        self.alpha = Dense(3, 5, rng=generator, tied=self.zeta.W)
        self.drop = Dropout(0.5, rng=generator)

    def forward(self, ids):
        x = self.zeta.forward(ids)
        return self.alpha.forward(self.stack[2].forward(self.stack[0].forward(x)))

    def backward(self, dy):
        self.zeta.backward(self.stack[0].backward(self.stack[2].backward(self.alpha.backward(dy))))


# --- the tree --------------------------------------------------------------------------------------------------------


def test_parameters_come_in_order_of_assignment_and_a_tied_one_once():
    model = Model()
    assert list(model.named_parameters()) == [
        "scale",
        "zeta.W",
        "stack.0.W",
        "stack.0.b",
        "stack.2.g",
        "stack.2.b",
        "alpha.b",
    ]
    assert model.alpha.W is model.zeta.W
    assert [name for name, _ in model.named_layers()] == ["", "zeta", "stack.0", "stack.2", "alpha", "drop"]


def test_parameters_are_distinguished_by_identity_not_by_value():
    model = Sequential(Sigmoid(), Sigmoid())
    model.layers[0].W, model.layers[1].W = Parameter(np.ones((2, 2))), Parameter(np.ones((2, 2)))
    assert len(model.parameters()) == 2
    model.layers[1].W = model.layers[0].W
    assert len(model.parameters()) == 1


def test_a_layer_that_occurs_twice_in_the_tree_is_found_once():
    layer = Dense(2, 2, rng=rng())
    model = Sequential(layer, Tanh(), layer)
    assert list(model.named_parameters()) == ["layers.0.W", "layers.0.b"]
    model.forward(np.ones((1, 2), dtype="float32"))
    assert model.pending() == 3


def test_tied_weights_collect_both_gradients():
    """The same as two separate tables, whose gradients are added."""
    generator = rng()
    tied = Embedding(5, 3, rng=generator)
    output = Dense(3, 5, rng=generator, tied=tied.W)
    apart, free = Embedding(5, 3, table=tied.W.data), Dense(3, 5, rng=generator)
    free.W.data = tied.W.data.T.copy()
    ids, dy = np.array([4, 1, 4]), generator.standard_normal((3, 5)).astype("float32")
    for embedding, dense in ((tied, output), (apart, free)):
        dense.forward(embedding.forward(ids))
        embedding.backward(dense.backward(dy))
    expected = apart.W.dense_gradient() + free.W.dense_gradient().T
    np.testing.assert_allclose(tied.W.dense_gradient(), expected, rtol=1e-6)


def test_generators_are_found_once_each():
    model = Model()
    other = Dropout(0.1, rng=rng())
    assert model.generators() == [model.drop.rng]
    assert Sequential(model.drop, other, Dropout(0.2, rng=other.rng)).generators() == [model.drop.rng, other.rng]


def test_reseeding_is_a_function_of_its_numbers_and_keeps_shared_generators_shared():
    shared = rng()
    model = Sequential(Dropout(0.1, rng=shared), Dropout(0.1, rng=rng()), Dropout(0.1, rng=shared))
    draws = []
    for numbers in ((1, 2), (1, 3), (1, 2)):
        model.reseed(*numbers)
        assert model.layers[0].rng is model.layers[2].rng is not model.layers[1].rng
        draws.append([generator.integers(2**62) for generator in model.generators()])
    assert draws[0] == draws[2]
    assert len({*draws[0], *draws[1]}) == 4


def test_train_and_evaluate_reach_every_layer():
    model = Model()
    assert model.evaluate() is model
    assert not any(layer.training for _, layer in model.named_layers())
    model.train()
    assert all(layer.training for _, layer in model.named_layers())


def test_astype_casts_values_and_clears_gradients():
    model = Model()
    model.scale.accumulate(np.ones(1, dtype="float32"))
    assert model.astype("float64") is model
    assert {parameter.data.dtype for parameter in model.parameters()} == {np.dtype("float64")}
    assert model.scale.grad is None


# --- the stack of caches ---------------------------------------------------------------------------------------------


def test_backward_without_forward_is_an_error_that_names_the_layer():
    with pytest.raises(CacheError, match="Dense: backward without a forward"):
        Dense(2, 3, rng=rng()).backward(np.ones((1, 3)))


def test_second_backward_is_an_error():
    layer = Tanh()
    layer.forward(np.ones(3))
    layer.backward(np.ones(3))
    with pytest.raises(CacheError, match=r"Tanh: .* backward called twice"):
        layer.backward(np.ones(3))


def test_a_layer_used_twice_runs_backward_in_reverse_order():
    generator = rng()
    layer = Dense(3, 2, rng=generator).astype("float64")
    x1, x2 = generator.standard_normal((4, 3)), generator.standard_normal((5, 3))
    dy1, dy2 = generator.standard_normal((4, 2)), generator.standard_normal((5, 2))
    layer.forward(x1)
    layer.forward(x2)
    assert layer.pending() == 2
    dx2, dx1 = layer.backward(dy2), layer.backward(dy1)
    np.testing.assert_allclose(dx1, dy1 @ layer.W.data.T, rtol=1e-12)
    np.testing.assert_allclose(dx2, dy2 @ layer.W.data.T, rtol=1e-12)
    np.testing.assert_allclose(layer.W.grad, x1.T @ dy1 + x2.T @ dy2, rtol=1e-12)
    np.testing.assert_allclose(layer.b.grad, dy1.sum(axis=0) + dy2.sum(axis=0), rtol=1e-12)
    assert layer.pending() == 0


def test_evaluation_keeps_nothing_and_caches_can_be_discarded():
    model, ids = Model(), np.array([[0, 1]])
    model.forward(ids)
    assert model.pending() == 4
    model.evaluate().forward(ids)
    assert model.pending() == 4
    model.discard_caches()
    assert model.pending() == 0
    model.forward(ids)
    with pytest.raises(CacheError):
        model.backward(np.ones((1, 2, 5)))


def test_a_model_with_pending_caches_cannot_move():
    model = Model()
    model.forward(np.array([[0]]))
    with pytest.raises(CacheError, match="Model: cannot move"):
        model.to("numpy")
    model.discard_caches()
    assert model.to("numpy") is model


def test_a_layer_without_forward_says_so():
    with pytest.raises(TypeError, match="Layer does not define forward"):
        Layer()(np.ones(1))
    with pytest.raises(TypeError, match="Layer does not define backward"):
        Layer().backward(np.ones(1))


# --- gradients accumulate --------------------------------------------------------------------------------------------


@given(kinds=st.lists(st.booleans(), min_size=1, max_size=4), seed=st.integers(0, 2**32))
@settings(max_examples=50, deadline=None)
def test_gradients_add_up_in_every_mixture_of_rows_and_whole_tables(kinds, seed):
    generator = np.random.default_rng(seed)
    parameter, expected = Parameter(np.zeros((4, 2))), np.zeros((4, 2))
    passed_on = []
    for whole in kinds:
        if whole:
            gradient = generator.standard_normal((4, 2))
            expected += gradient
        else:
            ids, rows = generator.integers(0, 4, 5), generator.standard_normal((5, 2))
            for k in range(5):
                expected[ids[k]] += rows[k]
            passed_on.append((rows, rows.copy()))
            gradient = RowGradient(ids, rows, (4, 2))
        parameter.accumulate(gradient)
    assert isinstance(parameter.grad, RowGradient) == (not any(kinds))
    np.testing.assert_allclose(parameter.dense_gradient(), expected, rtol=1e-12, atol=1e-12)
    assert all((rows == before).all() for rows, before in passed_on)


def test_rows_are_summed_once_until_others_are_added():
    parameter = Parameter(np.zeros((4, 2)))
    parameter.accumulate(RowGradient(np.array([1, 3, 1]), np.ones((3, 2)), (4, 2)))
    found = parameter.grad.coalesce()
    assert parameter.grad.coalesce() is found
    np.testing.assert_array_equal(found.rows, [[2, 2], [1, 1]])
    parameter.accumulate(RowGradient(np.array([3]), np.ones((1, 2)), (4, 2)))
    np.testing.assert_array_equal(parameter.grad.coalesce().rows, [[2, 2], [2, 2]])


def test_a_gradient_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match=r"gradient of shape \(3,\) for a parameter of shape \(2, 3\)"):
        Parameter(np.zeros((2, 3))).accumulate(np.zeros(3))


def test_no_gradient_is_a_zero_gradient_and_clearing_makes_it_so():
    parameter = Parameter(np.ones((2, 3), dtype="float32"))
    layer = Layer()
    layer.W = parameter
    parameter.accumulate(np.ones((2, 3), dtype="float32"))
    layer.clear_gradients()
    assert parameter.grad is None
    gradient = parameter.dense_gradient()
    assert (gradient == 0).all()
    assert (gradient.dtype, gradient.shape) == (np.dtype("float32"), (2, 3))


# --- state -----------------------------------------------------------------------------------------------------------


def test_loading_copies_values_and_keeps_the_dtype():
    source, target = Model().astype("float64"), Model()
    for parameter in target.parameters():
        parameter.data = parameter.data + 1
    target.load_state_dict(source.state_dict())
    for name, parameter in target.named_parameters().items():
        assert parameter.data.dtype == "float32"
        np.testing.assert_array_equal(parameter.data, source.state_dict()[name].astype("float32"))
    target.scale.data[0] = 7
    assert source.scale.data[0] == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda s: s.pop("alpha.b"), "Model: the saved state lacks parameter 'alpha.b'"),
        (lambda s: s.update(extra=np.ones(1)), "Model: the saved state has an unknown parameter 'extra'"),
        (lambda s: s.update({"zeta.W": np.ones((4, 3))}), r"Model: parameter 'zeta.W' has shape \(4, 3\) .* \(5, 3\) here"),
    ],
)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(change, message):
    model = Model()
    state = {name: np.full_like(value, 9) for name, value in model.state_dict().items()}
    change(state)
    before = {name: value.copy() for name, value in model.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        model.load_state_dict(state)
    assert all((value == before[name]).all() for name, value in model.state_dict().items())


# --- importing -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "module", ["scratchnn", "scratchnn.core", "scratchnn.layers", "scratchnn.losses", "scratchnn.optim"]
)
def test_import_loads_neither_cupy_nor_matplotlib(module):
    code = f"import sys, {module}; print([m for m in ('cupy', 'matplotlib', 'torch') if m in sys.modules])"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "[]"
