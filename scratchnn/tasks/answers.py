"""From lines of text to ids and back, and the answers of a sequence-to-sequence model in between."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.beam import Found
from scratchnn.core import Model
from scratchnn.data import bucket_batches, pad_sequences
from scratchnn.errors import ScratchnnWarning
from scratchnn.inspection.alignments import AlignmentMap
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.writing import ROWS, write
from scratchnn.text import END, Vocabulary, join_tokens
from scratchnn.text.pieces import Pieces, join_pieces
from scratchnn.text.tokens import Tokenizer
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Values

# --- text and ids ----------------------------------------------------------------------------------------------------


def cased(text: str, settings: Values) -> str:
    """The text as the model reads and writes it, in lower case if the run says so."""
    return text.lower() if settings.get("lower") else text


def cutter(vocabulary: Vocabulary, settings: Values) -> str | Tokenizer:
    """The level of ``tokenize``: that of the run, or what cuts a text into the pieces of a vocabulary."""
    level: str = settings["level"]
    return Pieces(vocabulary) if level == "piece" else level


def text_of(ids: Iterable[int], settings: Values, parts: Parts) -> str:
    """The text of target ids."""
    tokens = parts["target_vocabulary"].decode(list(ids))
    return join_pieces(tokens) if settings["level"] == "piece" else join_tokens(tokens, settings["level"])


def warn_about(sources: Sequence[np.ndarray], settings: Values, parts: Parts) -> None:
    """Warn of sources that are unlike those of training: longer than all of them, or with tokens that they lacked."""
    longest = settings.get("longest_source", len(max(sources, key=len, default=())))
    unknown = parts["source_vocabulary"].unknown
    for what, unlike in (
        (f"more tokens than all sources in training ({longest})", [len(ids) > longest for ids in sources]),
        ("tokens that do not occur in training", [unknown in ids for ids in sources]),
    ):
        if any(unlike):
            lines = f"{sum(unlike):,} of {len(sources):,} lines, the first of them line {unlike.index(True) + 1},"
            warnings.warn(f"{lines} have {what}; expect worse answers", ScratchnnWarning, stacklevel=2)


# --- answers ---------------------------------------------------------------------------------------------------------


def search(model: Model, sources: Sequence[np.ndarray], options: Values, parts: Parts) -> list[list[Found]]:
    """What the model writes for each source, best first: beam search, sources of similar length side by side.

    Args:
        model: a ``Seq2Seq``.
        sources: ids of N sources.
        options: ``beam``, ``limit`` and ``length_norm``, see ``beam_search``.
        parts: the vocabularies.
    """
    assert isinstance(model, Seq2Seq)
    found: list[list[Found]] = [[] for _ in sources]
    with model.evaluation():  # here rather than in every step
        for places in bucket_batches([len(source) for source in sources], max(ROWS // options["beam"], 1)):
            state = model.start(*pad_sequences([sources[place] for place in places]))
            answers = write(model, state, parts["target_vocabulary"], options)
            for place, answer in zip(places, answers, strict=True):
                found[place] = answer
    return found


def alignment_maps(trained: Trained, sources: Sequence[np.ndarray], answers: Sequence[list[Found]]) -> list[AlignmentMap]:
    """What the model's attention reads while it writes the best answer to each source; sources in reading order."""
    model, source, target = trained.model, trained.parts["source_vocabulary"], trained.parts["target_vocabulary"]
    name = backend_name(model.source.W.data)
    maps = []
    for ids, (best, *_) in zip(sources, answers, strict=True):
        inputs = np.array([[target.begin, *best.ids]])
        batch = (ids[None], np.array([len(ids)]), inputs, np.array([inputs.shape[1]]))
        weights = to_numpy(model.alignments(*(move(part, name) for part in batch)))[0]  # (T, S)
        written = target.decode(best.ids) + [END] * best.ended
        if trained.settings.get("reverse"):
            ids, weights = ids[::-1], weights[:, ::-1]
        maps.append(AlignmentMap(weights[: len(written)], source.decode(ids), written))
    return maps
