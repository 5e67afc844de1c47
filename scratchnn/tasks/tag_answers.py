"""The answers of a tagger: the best tags of sentences, and how good they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import Sentences, pad_sequences
from scratchnn.errors import DataError
from scratchnn.metrics import entity_scores
from scratchnn.models.tagger import Tagger
from scratchnn.tasks.tagged import Tagged, all_outside
from scratchnn.text import Vocabulary
from scratchnn.text.schemes import OUTSIDE, TAG, allowed_transitions, entities, parse_tag
from scratchnn.training.run_folder import Parts

NEW = -1  # stands for a tag that training did not have
WORDS = 4000  # that are read side by side, padding included

Tags = Sequence[Sequence[str]]  # of each sentence


@dataclass
class Examples:
    """Tagged sentences.

    Attributes:
        sentences: words and characters as ids.
        tags: the ids of the tags of each sentence (T,), ``NEW`` for one that training did not have.
        tagged: the sentences as they were read.
    """

    sentences: Sentences
    tags: list[np.ndarray]
    tagged: Sequence[Tagged]


def known_tags(sentences: Sequence[Tagged], scheme: str | None) -> list[str]:
    """The tags that occur, in alphabetical order; for entities O, and all tags of the types that occur."""
    tags = {tag for one in sentences for tag in one.tags}
    if scheme is None:
        return sorted(tags)
    return [
        OUTSIDE,
        *(f"{prefix}-{kind}" for kind in sorted({parse_tag(tag)[1] for tag in tags} - {""}) for prefix in "BIES"),
    ]


def check_known(sentences: Sequence[Tagged], tags: Vocabulary) -> None:
    """Raise ``DataError`` for a tag that a model to train further cannot learn."""
    for one in sentences:
        for tag, place in zip(one.tags, one.places, strict=True):
            if tag not in tags:
                raise DataError(
                    f"{place}: the run to start from does not have the tag {tag}; leave the sentence out, or train anew "
                    "without --from"
                )


def check_kind(sentences: Sequence[Tagged], scheme: str | None, tags: Vocabulary, source: str) -> None:
    """Raise ``DataError`` if only one of data and model has tags that mark entities."""
    if (scheme is None) == marks_entities(tags) and not (scheme is None and all_outside(sentences)):
        kinds = "mark no entities" if scheme is None else "mark entities"
        raise DataError(f"the tags of {source} {kinds}, unlike those of the model; see --column")


def marks_entities(tags: Vocabulary) -> bool:
    """Whether the tags of a model mark entities."""
    return OUTSIDE in tags and all(TAG.fullmatch(tag) for tag in tags.tokens if tag != OUTSIDE)


def types_of(tags: Vocabulary) -> list[str]:
    """The types of entities, or the tags if they mark none."""
    return list(dict.fromkeys(parse_tag(tag)[1] for tag in tags.tokens[1:])) if marks_entities(tags) else tags.tokens


def find_tags(model: Model, examples: Examples, parts: Parts) -> tuple[float, list[list[str]]]:
    """The best tags of each sentence; those of a model of entities mark entities in IOBES.

    Returns:
        The mean loss in nats per word of the sentences all of whose tags the model knows, 0 if there are none.
        The tags.
    """
    assert isinstance(model, Tagger)
    name = backend_name(model.output.W.data)
    tags = parts["tags"]
    allowed = None
    if marks_entities(tags):
        allowed = tuple(move(part, name) for part in allowed_transitions(tags.tokens))
    total, count = 0.0, 0
    found: list[list[str]] = [[] for _ in range(len(examples.sentences))]
    with model.evaluation():
        for places in examples.sentences.by_length(WORDS):
            batch = examples.sentences.pick(places)
            emissions = model.forward(*(move(part, name) for part in batch))
            lengths = move(batch[1], name)
            best = to_numpy(model.decode(emissions, lengths, allowed))
            for place, row, length in zip(places, best, batch[1], strict=True):
                found[place] = [tags.tokens[k] for k in row[:length]]
            if examples.tags:
                targets, _ = pad_sequences([examples.tags[place] for place in places])
                usable = np.where((targets == NEW).any(axis=1), 0, batch[1])  # an empty sentence adds nothing to the loss
                words = int(usable.sum())
                loss = model.score(emissions, move(np.maximum(targets, 0), name), move(usable, name))
                total, count = total + float(to_numpy(loss)) * words, count + words
    return total / max(count, 1), found


def figures(predicted: Tags, true: Tags, marked: bool) -> dict[str, float]:
    """The share of words whose tag is right; for entities also precision, recall and F1 over all types."""
    right = sum(p == t for one, other in zip(predicted, true, strict=True) for p, t in zip(one, other, strict=True))
    found = {"accuracy": right / max(sum(map(len, true)), 1)}
    if marked:
        _, scores = entity_scores([entities(one) for one in predicted], [entities(one) for one in true])
        found |= {name: scores[name] for name in ("precision", "recall", "f1")}
    return found
