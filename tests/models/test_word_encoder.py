"""The word encoder: one vector per word, equal to reading each word alone."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.models.word_encoder import READERS, WordEncoder

N, T, U, L, V, C = 3, 4, 5, 6, 7, 8


def make(reader="lstm", **options):
    options = {"embedding_size": 3, "character_size": 4, "character_units": 2, "rng": np.random.default_rng(0), **options}
    return WordEncoder(V, C, reader=reader, **options)


def batch():
    rng = np.random.default_rng(1)
    sizes = np.array([3, 6, 0, 1, 4])
    return rng.integers(0, V, (N, T)), rng.integers(0, U, (N, T)), rng.integers(0, C, (U, L)), sizes


@pytest.mark.parametrize("reader", READERS)
def test_a_batch_equals_reading_each_word_alone(reader):
    encoder = make(reader).astype(np.float64)
    words, forms, characters, sizes = batch()
    x = encoder.forward(words, forms, characters, sizes)
    assert x.shape == (N, T, encoder.units)
    for n in range(N):
        for t in range(T):
            form = forms[n, t]
            one = encoder.forward(
                words[n : n + 1, t : t + 1],
                np.array([[0]]),
                characters[form : form + 1, : sizes[form]],
                sizes[form : form + 1],
            )
            np.testing.assert_allclose(one[0, 0], x[n, t], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("reader", ["lstm", "conv"])
def test_characters_after_the_end_of_a_word_play_no_part(reader):
    encoder = make(reader)
    words, forms, characters, sizes = batch()
    x = encoder.forward(words, forms, characters, sizes)
    other = np.where(np.arange(L) < sizes[:, None], characters, (characters + 1) % C)
    np.testing.assert_array_equal(encoder.forward(words, forms, other, sizes), x)
    no_characters = x[forms == 2][:, 3:]
    assert len(no_characters)
    np.testing.assert_array_equal(no_characters, 0)


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("shape", [(1, 0), (0, 0)])
def test_no_words(reader, shape):
    encoder = make(reader)
    nothing = np.zeros(shape, dtype=int)
    x = encoder.forward(nothing, nothing, np.zeros((1, 0), dtype=int), np.array([0]))
    assert x.shape == (*shape, encoder.units)
    encoder.backward(x)
    assert all(not parameter.dense_gradient().any() for parameter in encoder.parameters())


def test_a_form_that_occurs_often_gets_the_gradients_of_all_its_words():
    words, forms, characters, sizes = batch()
    dx = np.random.default_rng(2).standard_normal((N, T, 7)).astype(np.float32)
    together, apart = make(), make()
    together.forward(words, forms, characters, sizes)
    together.backward(dx)
    apart.forward(words, np.arange(N * T).reshape(N, T), characters[forms.ravel()], sizes[forms.ravel()])
    apart.backward(dx)
    for name, parameter in together.named_parameters().items():
        other = apart.named_parameters()[name].dense_gradient()
        np.testing.assert_allclose(parameter.dense_gradient(), other, rtol=1e-4, atol=1e-6)


def test_a_frozen_table_gets_no_gradient():
    encoder = make(frozen=True)
    encoder.backward(encoder.forward(*batch()))
    assert encoder.embedding.W.grad is None
    assert encoder.reader.embedding.W.grad is not None


def test_repr_and_errors():
    assert repr(make()) == "WordEncoder(7)"
    with pytest.raises(DataError, match="unknown reader 'gru'; choose one of lstm, conv, none"):
        make("gru")
    with pytest.raises(DataError, match="WordEncoder: embedding_size"):
        make(embedding_size=0)
