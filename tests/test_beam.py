"""Beam search: equal to exhaustive search if it is wide enough, to greedy search if it has one beam; rows and limits."""

from __future__ import annotations

import itertools

import guarded
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import arrays, to_numpy
from scratchnn.beam import beam_search
from scratchnn.core.nested import map_arrays
from scratchnn.decoding import generate
from scratchnn.errors import DataError, NonFiniteError
from scratchnn.functions import log_softmax

BEGIN, END = 0, 1
SEEDS = st.integers(0, 10**6)


class Chain:
    """A model whose logits depend on the source, the last two tokens, and the number of tokens so far.

    Its state is nested, and a row that is not reordered with its beam gives other logits.
    """

    def __init__(self, N, V, seed, steps=9):
        rng = np.random.default_rng(seed)
        self.N, self.V = N, V
        self.tables = 2 * rng.standard_normal((N, steps, V, V, V))
        self.rows = []

    def start(self):
        return {"source": np.arange(self.N), "past": (np.full((self.N, 1), BEGIN), np.zeros(self.N, dtype=int))}

    def step(self, ids, state):
        source, (before, t) = state["source"], state["past"]
        self.rows.append(len(ids))
        logits = self.tables[source, t, before[:, 0], ids[:, 0]]
        return logits, {"source": source, "past": (ids, t + 1)}

    def score(self, n, tokens):
        """The sum of log p of the tokens for source n, computed without the search."""
        before, last, total = BEGIN, BEGIN, 0.0
        for t, token in enumerate(tokens):
            total += log_softmax(self.tables[n, t, before, last])[token]
            before, last = last, token
        return total


def whole_sequences(V, limit):
    """All sequences that end within the limit, without their <eos>."""
    others = [token for token in range(V) if token != END]
    return [list(some) for t in range(limit) for some in itertools.product(others, repeat=t)]


# --- what is found ---------------------------------------------------------------------------------------------------


@given(st.integers(2, 4), st.integers(1, 4), st.integers(1, 3), st.sampled_from([0.0, 0.6, 1.0, 2.0]), SEEDS)
@settings(max_examples=40, deadline=None)
def test_a_beam_that_is_wide_enough_is_exhaustive_search(V, limit, N, length_norm, seed):
    model = Chain(N, V, seed)
    wide = V**limit + 1
    found = beam_search(model.step, model.start(), BEGIN, END, beam=wide, limit=limit, length_norm=length_norm)
    for n in range(N):
        ended = [one for one in found[n] if one.ended]
        expected = sorted(
            ((model.score(n, [*some, END]) / (len(some) + 1) ** length_norm, some) for some in whole_sequences(V, limit)),
            reverse=True,
        )
        assert [one.ids for one in ended] == [some for _, some in expected]
        np.testing.assert_allclose([one.score for one in ended], [rank for rank, _ in expected], rtol=1e-9)
        cut = [one for one in found[n] if not one.ended]
        assert found[n] == ended + cut
        assert len(cut) == (V - 1) ** limit
        for one in cut:
            assert one.score == pytest.approx(model.score(n, one.ids) / limit**length_norm)


@given(st.integers(2, 6), st.integers(1, 7), SEEDS)
@settings(max_examples=40, deadline=None)
def test_one_beam_is_greedy_search(V, limit, seed):
    model = Chain(3, V, seed)
    found = beam_search(model.step, model.start(), BEGIN, END, limit=limit)
    for n in range(3):
        state = {"source": np.array([n]), "past": (np.array([[BEGIN]]), np.array([0]))}
        rng = np.random.default_rng(0)
        assert [one.ids for one in found[n]] == [
            generate(model.step, [BEGIN], limit, rng, temperature=0, state=state, end=END)
        ]


@given(st.integers(2, 5), st.integers(1, 6), st.integers(2, 5), SEEDS)
@settings(max_examples=30, deadline=None)
def test_each_source_is_answered_as_if_it_were_alone(V, beam, limit, seed):
    """Sources that are done leave the batch; the rows of the others stay theirs. All scores are those of the sequences."""
    model = Chain(4, V, seed)
    found = beam_search(model.step, model.start(), BEGIN, END, beam=beam, limit=limit)
    for n in range(4):
        state = {"source": np.array([n]), "past": (np.array([[BEGIN]]), np.array([0]))}
        assert found[n] == beam_search(model.step, state, BEGIN, END, beam=beam, limit=limit)[0]
        assert 1 <= len(found[n]) <= beam
        assert len({tuple(one.ids) for one in found[n] if one.ended}) == sum(one.ended for one in found[n])
        for one in found[n]:
            tokens = [*one.ids, END] if one.ended else one.ids
            assert one.score == pytest.approx(model.score(n, tokens) / len(tokens))


def test_the_length_norm_by_hand():
    """<eos> at once has probability 0.5; a, <eos> has 0.5 x 0.9 = 0.45: less in sum, more in the mean."""
    tables = np.log([[0.0001, 0.5, 0.4999], [0.05, 0.9, 0.05]])

    def step(ids, state):
        return tables[state], np.minimum(state + 1, 1)

    for length_norm, best in ((0.0, []), (1.0, [2])):
        found = beam_search(step, np.array([0]), BEGIN, END, beam=2, length_norm=length_norm)[0]
        assert found[0].ids == best
        assert sorted(one.ids for one in found) == [[], [2]]
    assert found[0].score == pytest.approx(np.log(0.4999 * 0.9) / 2, abs=1e-9)


# --- limits ----------------------------------------------------------------------------------------------------------


def endless(ids, state):
    """Token 2 is the most probable one, <eos> has no probability that counts."""
    return np.tile([0.0, -60.0, 5.0, 1.0], (len(ids), 1)), state


def test_a_model_that_never_ends_is_cut_off_at_the_limit():
    found = beam_search(endless, np.zeros(2), BEGIN, END, beam=3, limit=7)
    assert [[one.ended for one in some] for some in found] == [[False] * 3] * 2
    assert found[0][0].ids == [2] * 7
    assert [one.ids for one in beam_search(endless, np.zeros(1), BEGIN, END, limit=1)[0]] == [[2]]


def test_what_has_ended_ranks_before_what_was_cut_off():
    """<eos> can only come first, with probability 0.3: a lower rank than that of the sequence that goes on."""
    tables = np.log([[1e-30, 0.3, 0.7], [1e-30, 1e-30, 1.0]])

    def step(ids, state):
        return tables[state], np.ones_like(state)

    first, second = beam_search(step, np.array([0]), BEGIN, END, beam=2, limit=3)[0]
    assert (first.ids, first.ended, second.ids, second.ended) == ([], True, [2, 2, 2], False)
    assert (first.score, second.score) == pytest.approx((np.log(0.3), np.log(0.7) / 3))


@pytest.mark.parametrize("beam", [3, 4, 50])
def test_a_beam_wider_than_the_vocabulary(beam):
    model = Chain(2, 3, 5)
    found = beam_search(model.step, model.start(), BEGIN, END, beam=beam, limit=4)
    assert all(np.isfinite(one.score) for some in found for one in some)
    assert max(model.rows) <= 2 * beam


def test_tokens_to_avoid_are_never_chosen():
    model = Chain(3, 5, 1)
    found = beam_search(model.step, model.start(), BEGIN, END, beam=4, limit=5, avoid=(BEGIN, 3))
    assert {token for some in found for one in some for token in one.ids} <= {2, 4}
    total = sum(
        np.exp(one.score) for one in beam_search(model.step, model.start(), BEGIN, END, beam=99, limit=1, avoid=(3,))[0]
    )
    assert total == pytest.approx(1)  # probabilities of the tokens that are left


def test_finished_sources_leave_the_batch():
    model = Chain(4, 4, 3)
    model.tables[:2, 0, :, :, END] += 50
    beam_search(model.step, model.start(), BEGIN, END, limit=6)
    assert model.rows[:2] == [4, 2]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"beam": 0}, DataError, "--beam must be a whole number of 1 or more, got 0"),
        ({"beam": 10**30}, DataError, "--beam must be at most 1000, got 10{30}$"),
        ({"limit": 0}, DataError, "--limit must be a whole number of 1 or more, got 0"),
        ({"length_norm": -1.0}, DataError, "--length-norm must be between 0 and 10, got -1.0"),
        ({"length_norm": 5000.0}, DataError, "--length-norm must be between 0 and 10, got 5000.0"),
        ({"length_norm": np.nan}, DataError, "--length-norm must be between 0 and 10, got nan"),
        ({"avoid": (0, 1, 2)}, DataError, "there is no token left to choose: all are to be avoided"),
    ],
)
def test_bad_options(options, error, message):
    model = Chain(1, 3, 0)
    with pytest.raises(error, match=message):
        beam_search(model.step, model.start(), BEGIN, END, **options)


def test_logits_that_are_not_finite():
    with pytest.raises(NonFiniteError, match="no token can be chosen: the logits are NaN or infinite"):
        beam_search(lambda ids, state: (np.array([[0.0, np.nan]]), state), np.zeros(1), BEGIN, END)


# --- another array library -------------------------------------------------------------------------------------------


def test_the_same_on_the_guarded_array_type(monkeypatch):
    """The state stays in its library and is reordered there; logits come to host memory, ids are made there."""
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    model = Chain(3, 4, 8)

    def step(ids, state):
        assert isinstance(ids, np.ndarray)
        logits, after = model.step(ids, map_arrays(to_numpy, state))
        return guarded.array(logits), map_arrays(guarded.array, after)

    found = beam_search(step, map_arrays(guarded.array, model.start()), BEGIN, END, beam=3, limit=5)
    assert found == beam_search(model.step, model.start(), BEGIN, END, beam=3, limit=5)
