"""Figures of what a trained classifier does along one text: where its attention is, and how far its gates are open.

    mine = load("runs/mine")
    attention_figure(mine, "the film was not good")
    gate_figure(mine, "the film was not good")

A notebook shows the figure that a cell ends with; ``figure.savefig("attention.png")`` writes it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from scratchnn.backend import Array, backend_name, move, to_numpy
from scratchnn.data import pad_sequences
from scratchnn.errors import DataError
from scratchnn.inspection.texts import gate_activity, plot_attention, plot_gates
from scratchnn.layers import AttentionPool
from scratchnn.models.classifier import Classifier
from scratchnn.recurrent import Bidirectional
from scratchnn.tasks.text_tokens import tokens_of
from scratchnn.tasks.trained import Trained

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def attention_figure(trained: Trained, text: str) -> Figure:
    """The weight of each step in attention pooling; ``DataError`` if the classifier pools in another way."""
    model, words, ids, lengths = prepare(trained, text)
    if not isinstance(model.pooling, AttentionPool):
        pooling = model.config["pooling"]
        raise DataError(f"{trained.place} pools by {pooling!r}, without attention; train with --pooling attention")
    with model.evaluation():
        r, lengths = model.read(ids, lengths)
        weights = to_numpy(model.pooling.weights(r, lengths))[0]
    return plot_attention(words, weights)


def gate_figure(trained: Trained, text: str) -> Figure:
    """The mean of each gate of the first recurrent layer, which reads from left to right.

    Raises:
        DataError: the classifier has no recurrent layer, or one without such gates.
    """
    model, words, ids, lengths = prepare(trained, text)
    if model.reader is None:
        reader = model.config["reader"]
        raise DataError(f"{trained.place} has the reader {reader!r}, which has no gates; train with --reader recurrent")
    first = model.reader.layers[0]
    layer = first.forward_layer if isinstance(first, Bidirectional) else first
    with model.evaluation():
        x = model.embedding.forward(ids)
        if model.convolutions is not None:
            x = model.convolutions.forward(x, lengths)
        return plot_gates(words, gate_activity(layer, x[0]))


def prepare(trained: Trained, text: str) -> tuple[Classifier, list[str], Array, Array]:
    """The model, the token at each step of its reader's outputs, and the text as ids (1, T) and lengths (1,)."""
    model = trained.model
    if not isinstance(model, Classifier):
        raise DataError(f"{trained.place} contains no classifier; these figures need a run of train classifier")
    words = tokens_of(text, trained.settings)
    ids, lengths = (
        move(part, backend_name(model.embedding.W.data))
        for part in pad_sequences([trained.parts["vocabulary"].encode(words)])
    )
    stride = 1 if model.convolutions is None else model.config["stride"]
    return model, words[::stride], ids, lengths
