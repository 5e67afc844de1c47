"""The captioner: its equations against a plain computation, each picture by itself, gradients, steps, settings."""

from __future__ import annotations

import numpy as np
import pytest
from decoders import assert_each_token_weighs_alike, gradients

from scratchnn.errors import DataError, ShapeError
from scratchnn.functions import log_softmax, softmax
from scratchnn.models.captioner import ATTENTIONS, Captioner
from scratchnn.recurrent.cells import CELLS

V, D, H = 7, 3, 4
SIZES = {"rows": 8, "columns": 12, "target_size": V, "channels": (2, 5), "embedding_size": D, "hidden_size": H}
LENGTHS = np.array([2, 4, 1, 3])
MODELS = {
    "vector": {},
    "general": {"attention": "general", "cell": "gru"},
    "additive": {"attention": "additive", "cell": "rnn"},
    "additive, LSTM": {"attention": "additive"},
}
every_model = pytest.mark.parametrize("name", MODELS)
attentive = pytest.mark.parametrize("name", [name for name, options in MODELS.items() if options])


def model_of(name="vector", **options):
    """In float64, every parameter random, no bias zero."""
    model = Captioner(**{**SIZES, **MODELS[name], **options}, rng=np.random.default_rng(0))
    model.astype("float64")
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


def batch_of(seed=2):
    rng = np.random.default_rng(seed)
    ids = (rng.integers(0, V, (4, 4)), LENGTHS, rng.integers(0, V, (4, 4)))
    return rng.standard_normal((4, 8, 12, 3)), *ids


def one_of(batch, row):
    """The picture and the caption in that row, without padding."""
    pictures, inputs, lengths, outputs = (part[row : row + 1] for part in batch)
    T = int(lengths[0])
    return pictures, inputs[:, :T], lengths, outputs[:, :T]


# --- the equations ---------------------------------------------------------------------------------------------------


def test_equations_of_a_vector_step_by_step():
    model = model_of(cell="rnn")
    batch = pictures, inputs, _, outputs = batch_of()
    logits = model.forward(*batch[:-1])
    m = model.encoder.forward(pictures)
    assert m.shape == (4, 4 * 6, 5 + 2)
    total = 0.0
    for row in range(4):
        h = np.tanh(m[row].ravel() @ model.first.maps[0].W.data + model.first.maps[0].b.data)
        for t in range(LENGTHS[row]):
            x = model.target.W.data[inputs[row, t]]
            h = np.tanh(x @ model.decoder.Wx.data + h @ model.decoder.Wh.data + model.decoder.b.data)
            z = h @ model.output.W.data + model.output.b.data
            np.testing.assert_allclose(logits[row, t], z, atol=1e-12)
            total -= log_softmax(z)[outputs[row, t]]
    loss, count, state = model.loss(batch, None)
    assert float(loss) == pytest.approx(total / LENGTHS.sum(), rel=1e-12)
    assert (count, state) == (LENGTHS.sum(), None)


def test_equations_of_attention_step_by_step():
    model = model_of("additive")
    pictures, inputs, lengths, _ = batch_of()
    logits = model.forward(pictures, inputs, lengths)
    weights = model.alignments(pictures, inputs, lengths)
    m = model.encoder.forward(pictures)
    decoder, attention = model.decoder.cells, model.attention
    for row in range(4):
        keys = m[row] @ attention.key.W.data + attention.key.b.data
        h = np.tanh(m[row].mean(axis=0) @ model.first.maps[0].W.data + model.first.maps[0].b.data)
        f = np.zeros(H)
        for t in range(LENGTHS[row]):
            x = model.target.W.data[inputs[row, t]]
            h = np.tanh(x @ decoder.Wx.data + f @ model.decoder.Wf.data + h @ decoder.Wh.data + decoder.b.data)
            a = softmax(np.tanh(h @ attention.U.data + keys) @ attention.v.data)
            f = np.tanh(np.concatenate([h, a @ m[row]]) @ model.decoder.combine.W.data + model.decoder.combine.b.data)
            np.testing.assert_allclose(weights[row, t], a, atol=1e-12)
            np.testing.assert_allclose(logits[row, t], f @ model.output.W.data + model.output.b.data, atol=1e-12)
    assert not weights[0, 2:].any()  # after the end of the caption


def test_an_lstm_starts_from_two_maps_of_the_vector():
    model = model_of()
    pictures = batch_of()[0]
    v = model.encoder.forward(pictures).reshape(4, -1)
    h, c = model.start(pictures).cells
    inner = [v @ dense.W.data + dense.b.data for dense in model.first.maps]
    np.testing.assert_allclose(h, np.tanh(inner[0]), atol=1e-12)
    np.testing.assert_allclose(c, inner[1], atol=1e-12)


@every_model
def test_each_picture_is_described_by_itself(name):
    model, batch = model_of(name), batch_of()
    logits = model.forward(*batch[:-1])
    for row in range(4):
        alone = model.forward(*one_of(batch, row)[:-1])[0]
        np.testing.assert_allclose(logits[row, : LENGTHS[row]], alone, atol=1e-12)
    loss = float(model.loss(batch, None)[0])
    for part in (batch[1], batch[3]):
        part[np.arange(4) >= LENGTHS[:, None]] = 0
    assert float(model.loss(batch, None)[0]) == loss


@every_model
def test_the_gradient_of_a_batch_weighs_each_word_alike(name):
    assert_each_token_weighs_alike(model_of(name), batch_of(), one_of, LENGTHS)


@every_model
def test_a_batch_without_words_has_loss_and_gradients_of_zero(name):
    model = model_of(name)
    pictures, inputs, _, outputs = batch_of()
    batch = pictures, inputs, np.zeros(4, dtype=int), outputs
    assert float(model.loss(batch, None)[0]) == 0
    model.discard_caches()
    assert not any(gradient.any() for gradient in gradients(model, batch).values())


@every_model
def test_backward_returns_the_gradient_with_respect_to_the_pictures(name):
    """By a difference along one random direction."""
    model = model_of(name)
    pictures, inputs, lengths, _ = batch_of()
    rng = np.random.default_rng(3)
    direction, dlogits = 1e-6 * rng.standard_normal(pictures.shape), rng.standard_normal((4, 4, V))
    dlogits[np.arange(4) >= lengths[:, None]] = 0  # the logits of padding are those of zeros
    above, below = ((model.forward(pictures + sign * direction, inputs, lengths) * dlogits).sum() for sign in (1, -1))
    model.discard_caches()
    model.forward(pictures, inputs, lengths)
    found = (model.backward(dlogits) * direction).sum()
    assert found == pytest.approx((above - below) / 2, rel=1e-5)
    assert model.pending() == 0


# --- writing ---------------------------------------------------------------------------------------------------------


@every_model
def test_steps_one_by_one_give_the_logits_of_teacher_forcing(name):
    model = model_of(name, dropout=0.5).evaluate()
    pictures, inputs, lengths, _ = batch_of()
    logits = model.forward(pictures, inputs, lengths)
    state = model.start(pictures)
    for t in range(4):
        step, state = model.step(inputs[:, t : t + 1], state)
        for row in np.flatnonzero(t < lengths):
            np.testing.assert_allclose(step[row], logits[row, t], atol=1e-12)


@every_model
def test_rows_of_one_picture_share_its_memory(name):
    model = model_of(name).evaluate()
    pictures = batch_of()[0]
    rows = np.repeat(np.arange(4), 3)
    state = model.select(model.start(pictures), rows)
    if model.attention is not None:
        assert len(state.memory.values) == 4
    ids = np.random.default_rng(0).integers(0, V, (12, 1))
    found, _ = model.step(ids, state)
    expected, _ = model.step(ids, model.start(pictures[rows]))
    np.testing.assert_allclose(found, expected, atol=1e-12)


@attentive
def test_weights_of_real_words_sum_to_one(name):
    pictures, inputs, lengths, _ = batch_of()
    weights = model_of(name).alignments(pictures, inputs, lengths)
    np.testing.assert_allclose(weights.sum(axis=2), np.arange(4) < lengths[:, None], atol=1e-12)


def test_float32_stays_float32():
    model = Captioner(**SIZES, attention="additive", rng=np.random.default_rng(0))
    pictures, *others = batch_of()
    loss, _, _ = model.loss((pictures.astype("float32"), *others), None)
    model.backward_loss()
    assert {array.dtype for array in (loss, *(p.dense_gradient() for p in model.parameters()))} == {np.dtype("float32")}


# --- built again, and refused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("attention", ATTENTIONS)
def test_config_builds_it_again(cell, attention):
    model = model_of(cell=cell, attention=attention)
    again = Captioner.from_config(model.config)
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    batch = batch_of()
    np.testing.assert_array_equal(again.forward(*batch[:-1]), model.forward(*batch[:-1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"rows": 0}, "rows must be a whole number of 1 or more, got 0"),
        ({"channels": (2, 0)}, "channels must be a whole number of 1 or more, got 0"),
        ({"channels": ()}, "channels is empty; give the outputs of one convolution or more"),
        ({"channels": (2, 2, 2, 2, 2)}, "5 convolutions with pooling in between leave nothing of 12 x 8 pixels; use fewer"),
        ({"attention": "dot"}, "unknown attention 'dot'; choose one of none, general, additive"),
    ],
)
def test_settings_that_do_not_go_together_are_one_line(options, message):
    with pytest.raises(DataError) as caught:
        model_of(**options)
    assert str(caught.value).startswith(f"Captioner: {message}")


def test_pictures_of_another_size_are_refused():
    pictures, inputs, lengths, _ = batch_of()
    with pytest.raises(ShapeError, match=r"pictures must be \(N, 8, 12, 3\), got shape \(4, 12, 8, 3\)"):
        model_of("additive").forward(pictures.swapaxes(1, 2), inputs, lengths)


def test_alignments_need_attention():
    with pytest.raises(DataError, match="Captioner: this model has no attention, so it has no alignments"):
        model_of().alignments(*batch_of()[:-1])
