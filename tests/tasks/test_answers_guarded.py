"""Answers on an array library as strict as CuPy: the same beams, scores and maps of attention as on NumPy."""

from __future__ import annotations

import guarded
import numpy as np
import pytest

from scratchnn.backend import arrays, backend_name
from scratchnn.models.captioner import Captioner
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.tasks.answers import alignment_maps, search
from scratchnn.tasks.captioner import captions, maps
from scratchnn.tasks.trained import Trained
from scratchnn.text import SPECIALS, Vocabulary

VOCABULARY = Vocabulary([*SPECIALS, *"abcdef"])
PARTS = {"source_vocabulary": VOCABULARY, "target_vocabulary": VOCABULARY}
SOURCES = [np.random.default_rng(n).integers(4, 10, n).astype(np.int32) for n in (3, 0, 5, 1, 4)]
VARIANTS = {
    "plain": {},
    "peeky": {"peeky": True, "cell": "gru"},
    "dot": {"attention": "dot", "layers": 2},
    "general": {"attention": "general", "bidirectional": True, "tied": True},
    "additive": {"attention": "additive", "input_feeding": True, "dropout": 0.3},
}


def trained(library, options):
    """A model whose parameters are large enough for lively answers."""
    sizes = {"embedding_size": 6, "hidden_size": 6}
    model = Seq2Seq(len(VOCABULARY), len(VOCABULARY), **sizes, **options, rng=np.random.default_rng(0))
    for parameter in model.parameters():
        parameter.data = parameter.data * 3
    model.output.b.data[VOCABULARY.end] = -2  # or some would end at once
    return Trained(model.to(library).evaluate(), PARTS, {"level": "char", "reverse": True}, None, "here")


@pytest.mark.parametrize("name", VARIANTS)
@pytest.mark.parametrize("beam", [1, 4])
def test_the_same_answers(monkeypatch, name, beam):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    ours, theirs = (trained(library, VARIANTS[name]) for library in ("numpy", guarded.__name__))
    assert backend_name(theirs.model.source.W.data) == guarded.__name__
    options = {"beam": beam, "limit": 8, "length_norm": 0.7}
    expected, found = (search(one.model, SOURCES, options, PARTS) for one in (ours, theirs))
    assert [[one.ids for one in some] for some in found] == [[one.ids for one in some] for some in expected]
    scores = [[one.score for some in answers for one in some] for answers in (found, expected)]
    np.testing.assert_allclose(*scores, rtol=1e-5)
    assert len({tuple(some[0].ids) for some in found}) > 1
    if ours.model.attention is not None:
        for map_, other in zip(*(alignment_maps(one, SOURCES, expected) for one in (ours, theirs)), strict=True):
            np.testing.assert_allclose(map_.weights, other.weights, atol=1e-5)


@pytest.mark.parametrize("options", [{}, {"attention": "additive"}], ids=str)
def test_the_same_captions(monkeypatch, options):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", guarded.__name__])
    pictures = [np.random.default_rng(n).integers(0, 40 + 50 * n, (8, 12, 3)).astype(np.uint8) for n in range(5)]
    sizes = {"channels": (4, 6), "embedding_size": 6, "hidden_size": 6}
    found = []
    for library in ("numpy", guarded.__name__):
        model = Captioner(8, 12, len(VOCABULARY), **sizes, **options, rng=np.random.default_rng(0))
        for parameter in model.parameters():
            parameter.data = parameter.data * 3
        model.output.b.data[VOCABULARY.end] = -2
        one = Trained(model.to(library).evaluate(), {"vocabulary": VOCABULARY}, {}, None, "here")
        answers = captions(one.model, pictures, {"beam": 4, "limit": 8, "length_norm": 0.7}, one.parts)
        found.append((answers, maps(one, pictures, answers, [None] * 5)))
    (ours, our_maps), (theirs, their_maps) = found
    assert [[one.ids for one in some] for some in ours] == [[one.ids for one in some] for some in theirs]
    assert len({tuple(some[0].ids) for some in ours}) > 1
    for one, other in zip(our_maps, their_maps, strict=True):
        assert (one.weights is None) == (options == {})
        if options:
            np.testing.assert_allclose(one.weights, other.weights, atol=1e-5)
