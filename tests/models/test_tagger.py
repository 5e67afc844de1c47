"""The tagger: its loss against one sentence at a time, the best tags against all sequences, padding, memory."""

from __future__ import annotations

import itertools
import tracemalloc

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.functions import log_softmax
from scratchnn.models.tagger import OUTPUTS, Tagger
from scratchnn.models.word_checks import TAGGED as TAGGED_BY_NAME
from scratchnn.structured import crf_loop_forward, sequence_score

V, C, K = 5, 5, 3
TAGGED = tuple(TAGGED_BY_NAME.values())
LENGTHS, TAGS = TAGGED[1], TAGGED[-1]
each_output = pytest.mark.parametrize("output", OUTPUTS)


def make(seed=0, **options):
    """In float64, every parameter random, no bias zero."""
    sizes = {"embedding_size": 3, "character_size": 2, "character_units": 2, "hidden_size": 3, **options}
    model = Tagger(V, C, K, **sizes, rng=np.random.default_rng(seed)).astype(np.float64)
    rng = np.random.default_rng(seed + 1)
    for parameter in model.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return model


def gradients(model, batch, dloss=1.0):
    model.clear_gradients()
    model.loss(batch, None)
    model.backward_loss(dloss)
    assert model.pending() == 0
    return {name: parameter.dense_gradient().copy() for name, parameter in model.named_parameters().items()}


def one_of(n):
    """Sentence n of the batch alone, without padding."""
    words, lengths, forms, characters, sizes, tags = TAGGED
    T = lengths[n]
    return words[n : n + 1, :T], lengths[n : n + 1], forms[n : n + 1, :T], characters, sizes, tags[n : n + 1, :T]


@each_output
def test_the_loss_is_that_of_each_sentence_alone(output):
    model = make(output=output)
    emissions = model.forward(*TAGGED[:-1])
    total = 0.0
    for n, T in enumerate(LENGTHS):
        if not T:
            continue
        e, tags = emissions[n, :T], TAGS[n, :T]
        if output == "crf":
            scores = (p.data for p in (model.crf.transitions, model.crf.start, model.crf.end))
            total += float(crf_loop_forward(e, *scores, tags)[0])
        else:
            total -= log_softmax(e)[np.arange(T), tags].sum()
    model.discard_caches()
    loss, count, state = model.loss(TAGGED, None)
    assert float(loss) == pytest.approx(total / LENGTHS.sum(), rel=1e-12)
    assert (count, state) == (LENGTHS.sum(), None)


@each_output
def test_padding_plays_no_part(output):
    model = make(output=output)
    together = gradients(model, TAGGED)
    summed = {name: np.zeros_like(array) for name, array in together.items()}
    for n, T in enumerate(LENGTHS):
        for name, array in gradients(model, one_of(n)).items():
            summed[name] += array * T / LENGTHS.sum()
    for name, array in together.items():
        np.testing.assert_allclose(array, summed[name], atol=1e-12, err_msg=name)


@each_output
def test_the_best_tags_are_the_best_of_all_sequences(output):
    model = make(seed=3, output=output)
    model.evaluate()
    emissions = model.forward(*TAGGED[:-1])
    found = model.decode(emissions, LENGTHS)
    for n, T in enumerate(LENGTHS):
        assert not found[n, T:].any()
        sequences = list(itertools.product(range(K), repeat=T)) if T else []
        if not T:
            continue
        if output == "crf":
            scores = [p.data for p in (model.crf.transitions, model.crf.start, model.crf.end)]
            best = max(sequences, key=lambda tags: sequence_score(emissions[n, :T], *scores, np.array(tags)))
        else:
            best = max(sequences, key=lambda tags: emissions[n, np.arange(T), tags].sum())
        assert found[n, :T].tolist() == list(best)


def test_only_allowed_sequences_are_found():
    model = make()
    model.evaluate()
    transitions = np.ones((K, K), dtype=bool)
    transitions[:, 1] = False
    allowed = transitions, np.array([False, True, False]), np.array([True, False, True])
    found = model.decode(model.forward(*TAGGED[:-1]), np.array([5, 2, 4, 2]), allowed)
    for row, T in zip(found, (5, 2, 4, 2), strict=True):
        assert row[0] == 1
        assert 1 not in row[1:T]


@each_output
def test_empty_sentences_have_no_loss_and_no_gradient(output):
    words, _, forms, characters, sizes, tags = TAGGED
    model = make(output=output)
    for T in (5, 0):
        batch = words[:, :T], np.zeros(4, dtype=int), forms[:, :T], characters, sizes, tags[:, :T]
        loss, count, _ = model.loss(batch, None)
        assert (float(loss), count) == (0.0, 0)
        model.backward_loss()
        model.evaluate()
        assert model.decode(model.forward(*batch[:-1]), batch[1]).tolist() == [[0] * T] * 4
        model.train()
    assert all(not parameter.dense_gradient().any() for parameter in model.parameters())


@each_output
def test_the_gradient_of_the_loss_is_passed_on(output):
    model = make(output=output)
    single, triple = gradients(model, TAGGED), gradients(model, TAGGED, 3.0)
    for name, array in single.items():
        np.testing.assert_allclose(triple[name], 3 * array, rtol=1e-12, atol=1e-15)


def test_built_again_from_its_config():
    model = make(layers=2, dropout=0.25, output="softmax", reader="conv", cell="gru", frozen=True)
    again = Tagger.from_config(model.config)
    assert again.config == model.config
    assert again.named_parameters().keys() == model.named_parameters().keys()
    again.astype(np.float64).load_state_dict(model.state_dict())
    again.evaluate()
    model.evaluate()
    np.testing.assert_array_equal(again.forward(*TAGGED[:-1]), model.forward(*TAGGED[:-1]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"output": "hmm"}, "Tagger: unknown output 'hmm'; choose one of crf, softmax"),
        ({"hidden_size": 0}, "Tagger: hidden_size must be a whole number of 1 or more, got 0"),
        ({"layers": 0}, "Tagger: layers must be"),
        ({"cell": "mgu"}, "unknown cell 'mgu'"),
        ({"dropout": 1}, "the dropout probability must be 0 or more and below 1, got 1"),
    ],
)
def test_errors(options, message):
    with pytest.raises(DataError, match=message):
        make(**options)


@each_output
def test_memory_is_linear_in_the_length_of_a_sentence(output):
    model = Tagger(50, 20, 9, embedding_size=8, hidden_size=8, output=output, rng=np.random.default_rng(0))
    rng = np.random.default_rng(1)
    peaks = []
    for T in (500, 2000):
        forms = rng.integers(0, 30, (1, T))
        spelled = rng.integers(0, 20, (30, 6)), np.full(30, 6)
        batch = rng.integers(0, 50, (1, T)), np.array([T]), forms, *spelled, rng.integers(0, 9, (1, T))
        for _ in range(2):  # the first call fills the buffers that layers keep
            tracemalloc.start()
            model.loss(batch, None)
            model.backward_loss()
            model.evaluate()
            model.decode(model.forward(*batch[:-1]), batch[1])
            model.train()
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
        peaks.append(peak)
    assert peaks[1] < 4.4 * peaks[0]
