"""Sequence to sequence with attention, a bidirectional encoder, input feeding, a peeky decoder and tying."""

from __future__ import annotations

import guarded
import numpy as np
import pytest
from decoders import assert_each_token_weighs_alike, gradients

from scratchnn.backend import arrays, move, to_numpy
from scratchnn.core.nested import flatten
from scratchnn.errors import DataError
from scratchnn.gradcheck import check
from scratchnn.gradcheck.problems import layer_problem
from scratchnn.models.checks import PAIRS, BatchLoss
from scratchnn.models.decoder import ATTENTIONS
from scratchnn.models.encoder import Bridge
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.recurrent import GRU, LSTM, Stacked

VS, VT, D, H = 8, 7, 3, 4
SOURCE_LENGTHS, LENGTHS = np.array([3, 0, 5, 1]), np.array([2, 4, 1, 3])
MODELS = {
    "bidirectional": {"bidirectional": True},
    "peeky": {"peeky": True},
    "peeky, two layers": {"peeky": True, "layers": 2, "bidirectional": True, "cell": "gru"},
    "tied": {"tied": True, "embedding_size": H},
    "dot": {"attention": "dot"},
    "general": {"attention": "general", "bidirectional": True, "layers": 2},
    "additive": {"attention": "additive", "bidirectional": True, "tied": True, "cell": "gru"},
    "dot, feeding": {"attention": "dot", "input_feeding": True, "cell": "rnn"},
    "general, feeding": {"attention": "general", "bidirectional": True, "input_feeding": True},
    "additive, feeding": {"attention": "additive", "bidirectional": True, "input_feeding": True, "tied": True},
}
every_model = pytest.mark.parametrize("name", MODELS)
attentive = pytest.mark.parametrize("name", [name for name, options in MODELS.items() if "attention" in options])


def model_of(name, seed=0, **options):
    """In float64, every parameter random, no bias zero."""
    sizes = {"embedding_size": D, "hidden_size": H}
    model = Seq2Seq(VS, VT, **{**sizes, **MODELS.get(name, {}), **options}, rng=np.random.default_rng(seed))
    model.astype("float64")
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = 0.6 * rng.standard_normal(parameter.shape)
    return model


def batch_of(seed=2):
    rng = np.random.default_rng(seed)
    return (
        rng.integers(0, VS, (4, 5)),
        SOURCE_LENGTHS,
        rng.integers(0, VT, (4, 4)),
        LENGTHS,
        rng.integers(0, VT, (4, 4)),
    )


def one_of(batch, row):
    """The pair in that row, without padding."""
    source, source_lengths, inputs, lengths, outputs = (part[row : row + 1] for part in batch)
    S, T = int(source_lengths[0]), int(lengths[0])
    return source[:, :S], source_lengths, inputs[:, :T], lengths, outputs[:, :T]


# --- padding, the loss, and one step at a time -----------------------------------------------------------------------


@every_model
def test_each_pair_is_read_by_itself_without_its_padding(name):
    model, batch = model_of(name), batch_of()
    logits = model.forward(*batch[:-1])
    for row in range(4):
        alone = model.forward(*one_of(batch, row)[:-1])[0]
        np.testing.assert_allclose(logits[row, : LENGTHS[row]], alone, atol=1e-12)
    loss = float(model.loss(batch, None)[0])
    for part, lengths in ((batch[0], SOURCE_LENGTHS), (batch[2], LENGTHS), (batch[4], LENGTHS)):
        part[np.arange(part.shape[1]) >= lengths[:, None]] = 0
    assert float(model.loss(batch, None)[0]) == loss


@every_model
def test_the_gradient_of_a_batch_weighs_each_target_token_alike(name):
    assert_each_token_weighs_alike(model_of(name), batch_of(), one_of, LENGTHS)


@every_model
def test_a_loss_without_targets_is_zero(name):
    model, batch = model_of(name), batch_of()
    found = gradients(model, (*batch[:3], np.zeros(4, dtype=int), batch[4]))
    assert float(model.loss((*batch[:3], np.zeros(4, dtype=int), batch[4]), None)[0]) == 0
    assert not any(gradient.any() for gradient in found.values())


@every_model
def test_steps_one_by_one_give_the_logits_of_teacher_forcing(name):
    """All sources in one batch, padded; the decoder then has no lengths."""
    model = model_of(name)
    source, source_lengths, inputs, lengths, _ = batch_of()
    logits = model.forward(source, source_lengths, inputs, lengths)
    model.discard_caches()
    state = model.start(source, source_lengths)
    for t in range(4):
        step, state = model.step(inputs[:, t : t + 1], state)
        for row in np.flatnonzero(t < lengths):
            np.testing.assert_allclose(step[row], logits[row, t], atol=1e-12)
    assert model.training
    assert model.pending() == 0


def test_a_table_that_is_shared_gets_both_gradients():
    model = model_of("additive")
    assert model.output.W is model.target.W
    assert "output.W" not in model.named_parameters()
    found = gradients(model, batch_of())["target.W"]
    assert (np.abs(found).sum(axis=1) > 0).all()  # the output layer reaches every token


# --- the rows of a state ---------------------------------------------------------------------------------------------


def beams_of(model, ids):
    """Logits of a model's rows, three for each of four sources, and the state."""
    source, source_lengths, _, _, _ = batch_of()
    state = model.start(source, source_lengths)
    state = model.select(state, np.arange(4).repeat(3))
    return model.step(ids, state)


@every_model
def test_rows_that_are_selected_go_on_as_their_own(name):
    """Beams of each source, exchanged and repeated; then some sources only, in another order, unequally often."""
    model = model_of(name)
    rng = np.random.default_rng(5)
    ids = rng.integers(0, VT, (12, 1))
    logits, state = beams_of(model, ids)
    source, source_lengths, _, _, _ = batch_of()
    copied = model.start(source.repeat(3, axis=0), source_lengths.repeat(3))
    np.testing.assert_allclose(logits, model.step(ids, copied)[0], atol=1e-12)
    copied = model.step(ids, copied)[1]
    again = rng.integers(0, VT, (12, 1))
    expected = model.step(again, copied)[0]
    for rows in ([2, 0, 1, 3, 3, 5, 8, 7, 6, 9, 9, 9], [7, 8, 6, 1, 0, 2], [11], [0, 1, 3, 9, 10, 11], [3, 3, 0, 0, 3, 3]):
        rows = np.array(rows)
        found, _ = model.step(again[rows], model.select(state, rows))
        np.testing.assert_allclose(found, expected[rows], atol=1e-12, err_msg=str(rows))


@attentive
def test_beams_share_the_memory_of_their_source(name):
    model = model_of(name)
    _, state = beams_of(model, np.zeros((12, 1), dtype=int))
    assert len(state.memory.values) == 4
    assert len(flatten(state.cells)[0]) == 12
    within = model.select(state, np.array([2, 0, 1, 3, 3, 5, 8, 7, 6, 9, 9, 9]))
    assert within.memory is state.memory  # not a copy
    fewer = model.select(state, np.array([8, 7, 6, 9, 10, 11]))
    assert len(fewer.memory.values) == 2
    np.testing.assert_array_equal(fewer.memory.keys, state.memory.keys[[2, 3]])


def test_no_row_at_all():
    model = model_of("general")
    _, state = beams_of(model, np.zeros((12, 1), dtype=int))
    assert len(flatten(model.select(state, np.zeros(0, dtype=int)).cells)[0]) == 0


# --- what attention reads --------------------------------------------------------------------------------------------


@attentive
def test_alignments_are_the_weights_of_each_step(name):
    model = model_of(name)
    batch = source, source_lengths, inputs, lengths, _ = batch_of()
    a = model.alignments(source, source_lengths, inputs, lengths)
    assert a.shape == (4, 4, 5)
    real = (np.arange(4) < lengths[:, None]) & (source_lengths[:, None] > 0)
    np.testing.assert_allclose(a.sum(axis=2), real, atol=1e-12)
    assert (a[np.arange(4)[:, None, None].repeat(4, axis=1).repeat(5, axis=2) >= 4] == 0).all()
    for row in range(4):
        assert (a[row, :, source_lengths[row] :] == 0).all()
        alone = model.alignments(*one_of(batch, row)[:-1])
        np.testing.assert_allclose(a[row, : lengths[row], : source_lengths[row]], alone[0], atol=1e-12)
    assert model.training
    assert model.pending() == 0


def test_it_learns_where_to_look():
    """Each target token is that of the source at the same place: the weights become a diagonal."""
    from scratchnn.data import Pairs
    from scratchnn.optim import Adam
    from scratchnn.training import Trainer

    rng = np.random.default_rng(0)
    sources = [rng.integers(4, 9, length) for length in rng.integers(3, 7, 200)]
    options = {"embedding_size": 16, "hidden_size": 24, "bidirectional": True, "cell": "gru"}
    model = Seq2Seq(9, 9, **options, attention="general", input_feeding=True, rng=np.random.default_rng(1))
    pairs = Pairs(sources, sources, 20, begin=2, end=3)
    trainer = Trainer(model, Adam(model.parameters(), 0.02), pairs, max_norm=1.0, progress=False)
    trainer.fit(20)
    assert trainer.history.rows[-1]["loss"] < 0.3
    source, source_lengths, inputs, lengths, _ = pairs.batch(0, 0)
    a = model.alignments(source, source_lengths, inputs, lengths)
    looked = a[np.arange(len(a))[:, None], np.arange(3), np.arange(3)]  # the weight of its own place, first three steps
    assert looked.mean() > 0.8


# --- the bridge ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_bridge_reads_both_directions(cell):
    model = model_of("bidirectional", cell=cell)
    source, source_lengths, *_ = batch_of()
    parts = flatten(model.encoder.forward(model.source.forward(source), lengths=source_lengths)[1])
    u, v = parts[: len(parts) // 2], parts[len(parts) // 2 :]
    expected = [
        np.concatenate([a, b], axis=1) @ dense.W.data + dense.b.data
        for a, b, dense in zip(u, v, model.bridge.layers[0].maps, strict=True)
    ]
    expected[0] = np.tanh(expected[0])  # h only, not c
    for found, part in zip(flatten(model.encode(source, source_lengths).cells), expected, strict=True):
        np.testing.assert_allclose(found, part, atol=1e-12)


def test_each_layer_has_a_bridge_of_its_own():
    rng = np.random.default_rng(0)
    bridge = Bridge(Stacked([LSTM(2, 3, rng=rng), GRU(3, 4, rng=rng)]), rng=rng)
    assert [len(layer.maps) for layer in bridge.layers] == [2, 1]
    states = ((rng.random((5, 3)), rng.random((5, 3))),) * 2, (rng.random((5, 4)), rng.random((5, 4)))
    (h, c), other = bridge.forward(states)
    assert (h.shape, c.shape, other.shape) == ((5, 3), (5, 3), (5, 4))


def lose(bridge, part):
    """A bridge on whose way back the gradient with respect to one part of the state is lost."""
    original = bridge.backward

    def backward(dstate):
        parts = list(dstate)
        parts[part] = 0 * parts[part]
        return original(tuple(parts))

    bridge.backward = backward


@pytest.mark.parametrize("part", [0, 1])
def test_the_gradient_check_sees_a_part_of_the_state_that_is_lost(part):
    model = Seq2Seq(5, 4, embedding_size=3, hidden_size=2, bidirectional=True, rng=np.random.default_rng(0))
    lose(model.bridge, part)
    findings = check(layer_problem(BatchLoss(model), {}, fixed=PAIRS), ("complex",))
    found = {finding.array for finding in findings if not finding.ok}
    assert {"model.source.W", "model.encoder.forward_layer.Wh", "model.encoder.backward_layer.b"} <= found
    assert f"model.bridge.layers.0.maps.{part}.W" in found
    assert not any("decoder" in name or "output" in name for name in found)


# --- another array library -------------------------------------------------------------------------------------------


@every_model
def test_decoding_on_a_library_as_strict_as_cupy(name, monkeypatch):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    source, source_lengths, inputs, lengths, _ = batch_of()
    found = []
    for library in ("numpy", "guarded"):
        model = model_of(name).to(library)
        state = model.select(model.start(source, source_lengths), np.array([1, 1, 3, 3, 0, 0]))
        logits, state = model.step(inputs[[0, 1, 2, 3, 0, 1], :1], state)
        logits, _ = model.step(inputs[[0, 1, 2, 3, 0, 1], 1:2], model.select(state, np.array([1, 0, 3, 2, 5, 4])))
        found.append(to_numpy(logits))
        if model.attention is not None:
            moved = [move(part, library) for part in (source, source_lengths, inputs, lengths)]
            found.append(to_numpy(model.alignments(*moved)))
    half = len(found) // 2
    for ours, theirs in zip(found[:half], found[half:], strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-12)


# --- built again, and refused ----------------------------------------------------------------------------------------


@every_model
def test_config_builds_it_again(name):
    model = model_of(name, dropout=0.2)
    again = Seq2Seq.from_config(model.config)
    assert again.config == model.config
    again.astype("float64")
    again.load_state_dict(model.state_dict())
    batch = batch_of()
    np.testing.assert_array_equal(again.evaluate().forward(*batch[:-1]), model.evaluate().forward(*batch[:-1]))


def test_a_config_from_before_attention_builds_the_model_that_it_was():
    config = {"source_size": VS, "target_size": VT, "embedding_size": D, "hidden_size": H, "cell": "gru"}
    names = set(Seq2Seq.from_config(config).named_parameters())
    cells = {f"{side}coder.{name}" for side in ("en", "de") for name in ("Wx", "Wh", "b", "bh")}
    assert names == {"source.W", "target.W", "output.W", "output.b"} | cells


@pytest.mark.parametrize(
    ("message", "options"),
    [
        ("unknown attention 'cosine'; choose one of none, dot, general, additive", {"attention": "cosine"}),
        ("input feeding feeds attention vectors; choose an attention: dot, general, additive", {"input_feeding": True}),
        (
            "input feeding runs one recurrent layer step by step; set layers to 1 or leave it out",
            {"attention": "dot", "input_feeding": True, "layers": 2},
        ),
        (
            "dot attention compares states of one size, and a bidirectional encoder has outputs of twice the decoder's; "
            "use general attention, or one direction",
            {"attention": "dot", "bidirectional": True},
        ),
        (
            "peeky repeats the final state, which general attention replaces; leave out one of the two",
            {"attention": "general", "peeky": True},
        ),
        (
            "a peeky output layer has H inputs more than the embedding; leave out tied or peeky",
            {"tied": True, "peeky": True},
        ),
        ("tying without attention needs embedding_size = hidden_size, got 3 and 4", {"tied": True}),
        ("layers must be a whole number of 1 or more, got 0", {"layers": 0}),
    ],
)
def test_settings_that_do_not_go_together_are_one_line(message, options):
    with pytest.raises(DataError) as caught:
        model_of("", **options)
    assert str(caught.value) == f"Seq2Seq: {message}"


def test_alignments_need_attention():
    with pytest.raises(DataError, match="this model has no attention, so it has no alignments"):
        model_of("").alignments(*batch_of()[:-1])


def test_every_attention_is_tested():
    assert {options.get("attention", "none") for options in MODELS.values()} == set(ATTENTIONS)
