"""What training can start from: pretrained word vectors, or for a classifier the body of a language model.

The body of a language model is its embedding and its recurrent layers. Its vocabulary goes with it, since ids mean what
they meant when it was trained. Dai and Le, "Semi-supervised sequence learning" (2015).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError
from scratchnn.layers import Embedding
from scratchnn.models.language_model import LanguageModel
from scratchnn.tasks.trained import Trained, load
from scratchnn.text import Vocabulary
from scratchnn.training.settings import Setting, Values
from scratchnn.word2vec.keyed_vectors import KeyedVectors

Initial = dict[str, np.ndarray]  # values of parameters by name
MOST_UNKNOWN = 0.5  # share of the training tokens; more of them and the text is of another language
OF_BODY = ("embedding_size", "hidden_size", "cell", "layers")  # settings that a body decides


def with_words_of(vectors: KeyedVectors, vocabulary: Vocabulary, most: int) -> Vocabulary:
    """The vocabulary of the training texts, filled up to ``most`` tokens with other words that have a vector.

    They are words that only later texts contain. Their vectors tell the model what words like them meant in training. The
    vocabulary is left alone if none of its own words has a vector: these are vectors of another language.
    """
    if not any(word in vectors for word in vocabulary.tokens):
        return vocabulary
    others = (word for word in vectors.words if word not in vocabulary)
    return Vocabulary([*vocabulary.tokens, *itertools.islice(others, max(most - len(vocabulary), 0))])


def start_from_vectors(
    settings: Values, vectors: KeyedVectors, vocabulary: Vocabulary, texts: Iterable[np.ndarray]
) -> tuple[Initial, str]:
    """The embedding table of ``--vectors``, and how many words and tokens of the training texts (ids) it covers."""
    settings["embedding_size"] = vectors.vectors.shape[1]
    rng = np.random.default_rng(seed_from(settings["seed"], 2))
    embedding = Embedding.from_vectors(vocabulary, vectors, rng=rng)
    known = np.array([token in vectors for token in vocabulary.tokens])
    counts = np.bincount(np.concatenate(list(texts)), minlength=len(vocabulary))
    share = counts[known].sum() / max(counts.sum(), 1)
    here = counts > 0
    here[[k for k in (vocabulary.padding, vocabulary.unknown) if k is not None]] = False
    found, source = f"{(known & here).sum():,} of {here.sum():,} words", settings["vectors"]
    note = f"{found} have a vector in {source}, {share:.1%} of the tokens"
    if more := int((known & ~here).sum()):
        note += f"; {more:,} more from there"
    return {"embedding.W": embedding.W.data}, note


def load_body(settings: Values) -> Trained:
    """The language model of ``--body``; the settings get its sizes and its level.

    Raises:
        DataError: the folder contains no language model, or the settings do not allow one.
    """
    trained = load(settings["body"])
    of_another_kind = trained.kind is not None and trained.kind.name != "lm"  # a model of tunes is a language model too
    if of_another_kind or not isinstance(trained.model, LanguageModel):
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


def unknown_share(ids: np.ndarray, vocabulary: Vocabulary) -> float:
    """The share of the ids that stand for tokens which the vocabulary does not have."""
    return 0.0 if vocabulary.unknown is None else float((ids == vocabulary.unknown).mean())


def check_known(sequences: Sequence[np.ndarray], vocabulary: Vocabulary, flag: str, name: str = "vocabulary") -> None:
    """Raise ``DataError`` if most tokens of the training texts (ids) are unknown to the vocabulary that ``flag`` brings."""
    ids = np.concatenate(sequences)
    if len(ids) and (share := unknown_share(ids, vocabulary)) > MOST_UNKNOWN:
        raise DataError(
            f"the {name} has only {1 - share:.0%} of the text's tokens; use a text of the same language, or train anew "
            f"without {flag}"
        )


def check_sizes(own: Sequence[Setting], given: Mapping[str, Any], settings: Values) -> None:
    """Raise ``DataError`` if a setting was given that what training starts from has decided otherwise."""
    source = next((f"--{name} {settings[name]}" for name in ("vectors", "body") if settings.get(name) is not None), None)
    for setting in own:
        wanted, found = given.get(setting.name), settings[setting.name]
        if source is not None and wanted not in (None, found):
            raise DataError(f"{source} has {setting.flag} {found}, not {wanted}; leave {setting.flag} out")
