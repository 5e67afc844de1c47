"""What a classifier can start from: pretrained word vectors, or the body of a language model.

The body of a language model is its embedding and its recurrent layers. Its vocabulary goes with it, since ids mean what
they meant when it was trained. Dai and Le, "Semi-supervised sequence learning" (2015).
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError
from scratchnn.layers import Embedding
from scratchnn.models.language_model import LanguageModel
from scratchnn.tasks.trained import Trained, load
from scratchnn.text import Vocabulary
from scratchnn.training.settings import Values
from scratchnn.word2vec.formats import read_vectors
from scratchnn.word2vec.keyed_vectors import KeyedVectors

Initial = dict[str, np.ndarray]  # values of parameters by name
OF_BODY = ("embedding_size", "hidden_size", "cell", "layers")  # settings that a body decides


def start_from_vectors(
    settings: Values, vocabulary: Vocabulary, texts: Iterable[np.ndarray], vectors: KeyedVectors | None = None
) -> tuple[Initial, str]:
    """The embedding table of ``--vectors``, and how much of the vocabulary and of the texts (ids) it covers.

    ``vectors`` are those of the file, if they have been read already.
    """
    vectors = vectors or read_vectors(settings["vectors"])
    settings["embedding_size"] = vectors.vectors.shape[1]
    rng = np.random.default_rng(seed_from(settings["seed"], 2))
    embedding = Embedding.from_vectors(vocabulary, vectors, rng=rng)
    known = np.array([token in vectors for token in vocabulary.tokens])
    counts = np.bincount(np.concatenate(list(texts)), minlength=len(vocabulary))
    share = counts[known].sum() / max(counts.sum(), 1)
    words = len(vocabulary) - sum(token is not None for token in (vocabulary.padding, vocabulary.unknown))
    note = f"{embedding.found:,} of {words:,} words have a vector in {settings['vectors']}, {share:.1%} of the tokens"
    return {"embedding.W": embedding.W.data}, note


def load_body(settings: Values) -> Trained:
    """The language model of ``--body``; the settings get its sizes and its level.

    Raises:
        DataError: the folder contains no language model, or the settings do not allow one.
    """
    trained = load(settings["body"])
    if not isinstance(trained.model, LanguageModel):
        raise DataError(f"--body {settings['body']} contains no language model; use a run of train lm")
    if settings["vectors"] is not None:
        raise DataError("--body brings its own embedding; leave out --vectors")
    if settings["reader"] != "recurrent" or settings["bidirectional"]:
        raise DataError("--body reads from left to right with recurrent layers; leave out --reader and --bidirectional")
    level = trained.settings["level"]
    if settings["level"] != level and {settings["level"], level} != {"plain", "word"}:
        raise DataError(
            f"--body {settings['body']} was trained at level {level}, not {settings['level']}; use --level {level}"
        )
    settings |= {name: trained.model.config[name] for name in OF_BODY}
    return trained


def start_from_body(settings: Values) -> tuple[Initial, Vocabulary, str]:
    """The parameters of the body, under their names in a classifier; its vocabulary; and what it is, in words."""
    trained = load_body(settings)
    names = {name: name.replace("cells.", "reader.", 1) for name in trained.model.state_dict()}
    initial = {
        names[name]: array
        for name, array in trained.model.state_dict().items()
        if name.startswith(("embedding.", "cells."))
    }
    config, vocabulary = trained.model.config, trained.parts["vocabulary"]
    what = f"{config['layers']} x {config['cell']} of {config['hidden_size']} units, {len(vocabulary):,} tokens"
    return initial, vocabulary, f"starts from the language model in {settings['body']}: {what}"
