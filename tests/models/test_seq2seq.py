"""The sequence-to-sequence model: its equations against a plain computation, the state handed over, padding, decoding."""

from __future__ import annotations

import numpy as np
import pytest
from decoders import assert_each_token_weighs_alike, gradients

from scratchnn.decoding import generate
from scratchnn.errors import DataError
from scratchnn.functions import log_softmax
from scratchnn.gradcheck import check
from scratchnn.gradcheck.problems import layer_problem
from scratchnn.models.checks import PAIRS, BatchLoss
from scratchnn.models.seq2seq import DecoderState, Seq2Seq
from scratchnn.recurrent.cells import CELLS

VS, VT, D, H = 8, 7, 3, 4
BEGIN, END = 2, 3
SOURCE_LENGTHS, LENGTHS = np.array([3, 0, 5, 1]), np.array([2, 4, 1, 3])
every_cell = pytest.mark.parametrize("cell", CELLS)


def model_of(seed=0, **options):
    """In float64, every parameter random, no bias zero."""
    sizes = {"embedding_size": D, "hidden_size": H}
    model = Seq2Seq(VS, VT, **{**sizes, **options}, rng=np.random.default_rng(seed))
    model.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


def batch_of(seed=2):
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, VT, (4, 4))
    inputs[:, 0] = BEGIN
    return rng.integers(0, VS, (4, 5)), SOURCE_LENGTHS, inputs, LENGTHS, rng.integers(0, VT, (4, 4))


def one_of(batch, row):
    """The pair in that row, without padding."""
    source, source_lengths, inputs, lengths, outputs = (part[row : row + 1] for part in batch)
    S, T = int(source_lengths[0]), int(lengths[0])
    return source[:, :S], source_lengths, inputs[:, :T], lengths, outputs[:, :T]


# --- the equations ---------------------------------------------------------------------------------------------------


def test_equations_step_by_step():
    model = model_of(cell="rnn")
    batch = source, _, inputs, _, outputs = batch_of()
    logits = model.forward(*batch[:-1])
    total = 0.0
    for row in range(4):
        h = np.zeros(H)
        for token in source[row, : SOURCE_LENGTHS[row]]:
            h = np.tanh(
                model.source.W.data[token] @ model.encoder.Wx.data + h @ model.encoder.Wh.data + model.encoder.b.data
            )
        for t in range(LENGTHS[row]):
            x = model.target.W.data[inputs[row, t]]
            h = np.tanh(x @ model.decoder.Wx.data + h @ model.decoder.Wh.data + model.decoder.b.data)
            z = h @ model.output.W.data + model.output.b.data
            np.testing.assert_allclose(logits[row, t], z, atol=1e-12)
            total -= log_softmax(z)[outputs[row, t]]
    loss, count, state = model.loss(batch, None)
    assert float(loss) == pytest.approx(total / LENGTHS.sum(), rel=1e-12)
    assert (count, state) == (LENGTHS.sum(), None)


@every_cell
def test_each_pair_is_read_by_itself_without_its_padding(cell):
    model = model_of(cell=cell)
    batch = batch_of()
    logits = model.forward(*batch[:-1])
    for row in range(4):
        alone = model.forward(*one_of(batch, row)[:-1])[0]
        np.testing.assert_allclose(logits[row, : LENGTHS[row]], alone, atol=1e-12)
    loss = float(model.loss(batch, None)[0])
    for part, lengths in ((batch[0], SOURCE_LENGTHS), (batch[2], LENGTHS), (batch[4], LENGTHS)):
        part[np.arange(part.shape[1]) >= lengths[:, None]] = 0
    assert float(model.loss(batch, None)[0]) == loss


@every_cell
def test_the_gradient_of_a_batch_weighs_each_target_token_alike(cell):
    model, batch = model_of(cell=cell), batch_of()
    assert_each_token_weighs_alike(model, batch, one_of, LENGTHS)
    whole = gradients(model, batch)
    for name, gradient in gradients(model, batch, -2.5).items():
        np.testing.assert_allclose(gradient, -2.5 * whole[name], atol=1e-12)


def test_only_tokens_that_were_read_get_a_gradient():
    model = model_of()
    source, inputs = np.full((2, 3), 7), np.full((2, 3), 6)
    source[0, :1], source[1, :2] = [4], [1, 5]
    inputs[0, :2], inputs[1, :1] = [BEGIN, 5], [BEGIN]
    batch = source, np.array([1, 2]), inputs, np.array([2, 1]), np.full((2, 3), 4)
    found = gradients(model, batch)
    assert np.flatnonzero(found["source.W"].any(axis=1)).tolist() == [1, 4, 5]
    assert np.flatnonzero(found["target.W"].any(axis=1)).tolist() == [BEGIN, 5]


# --- the state handed over -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["lstm", "lstm-peephole"])
def test_the_cell_state_is_handed_over_too(cell):
    model = model_of(cell=cell)
    source, source_lengths, inputs, lengths, _ = batch_of()
    h, c = model.encode(source, source_lengths).cells
    logits, _ = model.decode(inputs, DecoderState((h, c)), lengths)
    without_c, _ = model.decode(inputs, DecoderState((h, 0 * c)), lengths)
    without_h, _ = model.decode(inputs, DecoderState((0 * h, c)), lengths)
    assert abs(logits - without_c).max() > 1e-3
    assert abs(logits - without_h).max() > 1e-3
    np.testing.assert_array_equal(model.forward(source, source_lengths, inputs, lengths), logits)


def drop_c(decoder):
    """A decoder whose gradient with respect to its first cell state is lost."""
    original = decoder.backward

    def backward(dy, dstate=None):
        dx, (dh, dc) = original(dy, dstate)
        return dx, (dh, 0 * dc)

    decoder.backward = backward


def no_gradient_for_the_encoder(decoder):
    original = decoder.backward

    def backward(dy, dstate=None):
        dx, (dh, dc) = original(dy, dstate)
        return dx, (0 * dh, 0 * dc)

    decoder.backward = backward


@pytest.mark.parametrize("fault", [drop_c, no_gradient_for_the_encoder])
def test_the_gradient_check_sees_a_state_that_is_lost_on_its_way_back(fault):
    def failed(planted):
        model = Seq2Seq(5, 4, embedding_size=3, hidden_size=2, rng=np.random.default_rng(0))
        if planted:
            fault(model.decoder)
        findings = check(layer_problem(BatchLoss(model), {}, fixed=PAIRS), ("complex",))
        return {finding.array for finding in findings if not finding.ok}

    assert not failed(False)
    found = failed(True)
    assert {"model.source.W", "model.encoder.Wx", "model.encoder.Wh", "model.encoder.b"} <= found
    assert not any("decoder" in name or "output" in name for name in found)


# --- decoding --------------------------------------------------------------------------------------------------------


@every_cell
def test_steps_one_by_one_give_the_logits_of_teacher_forcing(cell):
    model = model_of(cell=cell)
    batch = batch_of()
    for row in range(4):
        source, source_lengths, inputs, lengths, _ = one_of(batch, row)
        logits = model.forward(source, source_lengths, inputs, lengths)[0]
        state = model.start(source, source_lengths)
        for t in range(lengths[0]):
            step, state = model.step(inputs[:, t : t + 1], state)
            np.testing.assert_allclose(step[0], logits[t], atol=1e-12)
    model.discard_caches()
    assert model.training  # left as it was
    model.step(inputs, model.start(source, source_lengths))
    assert model.pending() == 0


def test_it_learns_to_reverse():
    """Nothing of the target is in the decoder's input at its first step: all of it comes through the state."""
    from scratchnn.data import Pairs
    from scratchnn.optim import Adam
    from scratchnn.training import Trainer

    rng = np.random.default_rng(0)
    sources = [rng.integers(4, 7, length) for length in rng.integers(1, 4, 120)]
    targets = [source[::-1] for source in sources]
    model = Seq2Seq(VS, VT, embedding_size=12, hidden_size=24, rng=np.random.default_rng(1))
    Trainer(
        model,
        Adam(model.parameters(), 0.02),
        Pairs(sources, targets, 20, begin=BEGIN, end=END),
        max_norm=1.0,
        progress=False,
    ).fit(25)
    for source, target in zip(sources, targets, strict=True):
        answer = generate(
            model.step,
            [BEGIN],
            9,
            np.random.default_rng(0),
            temperature=0,
            state=model.start(source[None], np.array([len(source)])),
            end=END,
        )
        assert answer == target.tolist()


# --- built again, and refused ----------------------------------------------------------------------------------------


@every_cell
def test_config_builds_it_again(cell):
    model = model_of(cell=cell)
    sizes = {"source_size": VS, "target_size": VT, "embedding_size": D, "hidden_size": H, "cell": cell}
    assert model.config.items() >= sizes.items()
    again = Seq2Seq.from_config(model.config)
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    batch = batch_of()
    np.testing.assert_array_equal(again.forward(*batch[:-1]), model.forward(*batch[:-1]))


@pytest.mark.parametrize("name", ["source_size", "target_size", "embedding_size", "hidden_size"])
def test_sizes_are_whole_numbers(name):
    sizes = {"source_size": VS, "target_size": VT, "embedding_size": D, "hidden_size": H}
    for value in (0, 2.5):
        with pytest.raises(DataError, match=f"Seq2Seq: {name} must be a whole number of 1 or more, got {value}"):
            Seq2Seq(**{**sizes, name: value}, rng=np.random.default_rng(0))
