"""Gradient checks of whole models, loss included."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.attention import SCORES
from scratchnn.backend import to_numpy
from scratchnn.core import Layer, Model
from scratchnn.core.nested import flatten, rebuild
from scratchnn.gradcheck import Problem, case, layer_problem
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.captioner import Captioner
from scratchnn.models.classifier import POOLINGS, READERS, Classifier
from scratchnn.models.first_state import FirstState
from scratchnn.models.forecaster import Forecaster
from scratchnn.models.language_model import LanguageModel
from scratchnn.models.parser import Parser
from scratchnn.models.picture_encoder import PictureEncoder
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.models.tagger import Tagger
from scratchnn.models.temporal_convolutions import TemporalConvolutions
from scratchnn.models.tune_model import TuneModel
from scratchnn.models.word_encoder import READERS as CHARACTER_READERS
from scratchnn.models.word_encoder import WordEncoder
from scratchnn.recurrent.cells import CELLS

IDS = np.array([[1, 4, 1, 2], [0, 3, 1, 1]])
ROWS = np.stack([IDS, [[0, 2, 1, 2], [1, 1, 1, 0]], [[3, 3, 4, 4], [4, 3, 4, 3]]], axis=2)  # with two counts of a clock


class WithLoss(Layer):
    """A language model followed by its loss, from a given state: the function that training differentiates."""

    def __init__(self, model: LanguageModel):
        super().__init__()
        self.model = model

    def forward(self, *state_and_ids: Any) -> Any:
        """State arrays, then inputs and targets (N, T) each: the loss, of shape ()."""
        *state, inputs, targets = state_and_ids
        first_state = rebuild(self.model.cells.zero_state(state[0]), iter(state))
        logits, _ = self.model.forward(inputs, first_state)
        loss, cache = softmax_cross_entropy_forward(logits, targets)
        self.push(cache)
        return loss

    def backward(self, dloss: Any) -> Any:
        """Gradients with respect to the state arrays."""
        return self.model.backward(softmax_cross_entropy_backward(dloss, self.pop()))


def register(
    name: str, make: Callable[[np.random.Generator], LanguageModel], random: bool = False, inputs: np.ndarray = IDS
) -> None:
    """A language model from a given state."""

    @case(name, random=random)
    def build(rng: np.random.Generator) -> Problem:
        model = make(rng)
        zeros = flatten(model.cells.zero_state(np.zeros((2, 1))))
        state = {f"state{k}": 0.5 * rng.standard_normal(part.shape) for k, part in enumerate(zeros)}
        return enlarged(layer_problem(WithLoss(model), state, fixed=(inputs[:, :-1], IDS[:, 1:])), 2)


def enlarged(problem: Problem, factor: float) -> Problem:
    """With larger arrays than for a single layer.

    With small weights the loss hardly depends on the layers below, and their gradients are so small that the rounding of
    central differences hides them.
    """
    problem.arrays = {key: factor * value for key, value in problem.arrays.items()}
    return problem


def sizes(rng: np.random.Generator, **options: Any) -> LanguageModel:
    """Five tokens, three units."""
    return LanguageModel(5, embedding_size=3, hidden_size=3, rng=rng, **options)


def tune_model(rng: np.random.Generator, **options: Any) -> TuneModel:
    """Five tokens, five values of the clock."""
    return TuneModel(5, clocks=5, counts=2, clock_size=2, embedding_size=3, hidden_size=3, rng=rng, **options)


register("language-model/rnn", lambda rng: sizes(rng, cell="rnn"))
register("language-model/gru", lambda rng: sizes(rng, cell="gru"))
register("language-model/lstm", lambda rng: sizes(rng, cell="lstm"))
_tied = "language-model/tied+dropout+two-layers"
register(_tied, lambda rng: sizes(rng, layers=2, dropout=0.3, tied=True), random=True)
register("tune-model/two-layers", lambda rng: tune_model(rng, layers=2), inputs=ROWS)
register("tune-model/dropout", lambda rng: tune_model(rng, dropout=0.3), random=True, inputs=ROWS)


# --- loss and backward_loss, as the training loop calls them, for any gradient of the loss -----------------------------

# Unsorted lengths, an empty sequence and a full one. The padding is filled with ids that occur: it must not be read.
TEXTS, TEXT_LENGTHS, CLASSES = (
    np.array([[1, 2, 1, 4, 2], [3, 3, 1, 2, 4], [4, 1, 0, 2, 1], [2, 0, 3, 3, 3]]),
    np.array([3, 0, 5, 1]),
    np.array([2, 0, 1, 2]),
)
TARGETS, TARGET_LENGTHS = np.array([[0, 2, 1, 3], [0, 1, 3, 2], [0, 3, 2, 1], [0, 2, 2, 1]]), np.array([2, 3, 4, 1])
OUTPUTS = np.array([[2, 3, 1, 1], [1, 3, 3, 2], [3, 2, 1, 3], [3, 1, 2, 2]])
PAIRS = {
    "sources": TEXTS,
    "lengths": TEXT_LENGTHS,
    "targets": TARGETS,
    "target lengths": TARGET_LENGTHS,
    "outputs": OUTPUTS,
}


class BatchLoss(Layer):
    """A model's ``loss`` of a batch and its ``backward_loss``, as a layer of no inputs."""

    def __init__(self, model: Model):
        super().__init__()
        self.model = model

    def forward(self, *batch: Any) -> Any:
        """The loss ()."""
        return self.model.loss(batch, None)[0]

    def backward(self, dloss: Any) -> None:
        """From the gradient with respect to the loss."""
        self.model.backward_loss(float(to_numpy(dloss)))


def register_loss(
    name: str,
    make: Callable[[np.random.Generator], Model],
    batch: Any,
    random: bool = False,
    factor: float = 1.6,
) -> None:
    """The loss of a batch, a tuple or a dict of arrays, with respect to all parameters, enlarged by ``factor``."""

    @case(name, random=random)
    def build(rng: np.random.Generator) -> Problem:
        return enlarged(layer_problem(BatchLoss(make(rng)), {}, fixed=batch), factor)


def classifier(classes: int = 3, **options: Any) -> Callable[[np.random.Generator], Model]:
    """Five tokens, three classes."""
    return lambda rng: Classifier(5, classes, embedding_size=3, hidden_size=2, rng=rng, **options)


def seq2seq(cell: str, **options: Any) -> Callable[[np.random.Generator], Model]:
    """Five tokens in a source, four in a target."""
    return lambda rng: Seq2Seq(5, 4, **{"embedding_size": 3, "hidden_size": 2, **options}, rng=rng, cell=cell)


register_loss("language-model/training-step", lambda rng: sizes(rng, cell="gru"), (IDS[:, :-1], IDS[:, 1:]))
REAL = np.array([[True, True, False], [True, True, True]])  # targets that count
register_loss("language-model/mask", lambda rng: sizes(rng, cell="gru"), (IDS[:, :-1], IDS[:, 1:], REAL))
register_loss("tune-model/training-step", tune_model, (ROWS[:, :-1], ROWS[:, 1:], REAL))


def labelled(classes: np.ndarray) -> dict[str, np.ndarray]:
    """The texts with these classes."""
    return {"ids": TEXTS, "lengths": TEXT_LENGTHS, "classes": classes}


LABELLED = labelled(CLASSES)
for _cell in CELLS:
    register_loss(f"classifier/{_cell}", classifier(cell=_cell), LABELLED)
    _both_ways = classifier(cell=_cell, bidirectional=True, dropout=0.3)
    register_loss(f"classifier/{_cell}+bidirectional+dropout", _both_ways, LABELLED, random=True)
    register_loss(f"seq2seq/{_cell}", seq2seq(_cell), PAIRS)
_two_layers = classifier(cell="gru", bidirectional=True, layers=2, dropout=0.3)
register_loss("classifier/gru+bidirectional+dropout+two-layers", _two_layers, LABELLED, random=True)

# Every reader with every pooling that it can have, and the three outputs.
for _pooling in POOLINGS:
    for _reader in READERS:
        if (_reader, _pooling) != ("recurrent", "last") and (_pooling != "last" or _reader == "conv-recurrent"):
            _parts = classifier(reader=_reader, pooling=_pooling, cell="rnn", kernel_sizes=(3, 2), stride=2, dropout=0.2)
            register_loss(f"classifier/{_reader}+{_pooling}", _parts, LABELLED, random=True)
_both_ways = classifier(cell="lstm", bidirectional=True, layers=2, pooling="mean", class_weights=(0.5, 1.0, 2.5))
register_loss("classifier/lstm+bidirectional+two-layers+mean+weights", _both_ways, LABELLED)
TWO, SETS = np.array([1, 0, 0, 1]), np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1], [0, 1, 0]])
register_loss("classifier/sigmoid", classifier(2, output="sigmoid", pooling="mean"), labelled(TWO))
_weights = classifier(2, output="sigmoid", reader="embedding", pooling="attention", class_weights=(0.5, 2.0))
register_loss("classifier/sigmoid+weights", _weights, labelled(TWO))
register_loss("classifier/multilabel", classifier(output="multilabel", reader="conv", pooling="max"), labelled(SETS))


# --- sequence to sequence --------------------------------------------------------------------------------------------

# Every attention with and without input feeding, every cell with input feeding, and what goes with neither. At most cells
# the factor of the other models is right; at some it makes a gradient so small that its rounding shows.
_own: dict[str, Any]
for _attention in SCORES:
    for _feeding in (False, True):
        _own = {"bidirectional": _attention != "dot", "attention": _attention, "input_feeding": _feeding}
        _name = f"seq2seq/lstm+{_attention}{'+feeding' * _feeding}"
        _factor = 1.9 if (_attention, _feeding) == ("additive", False) else 1.6
        register_loss(_name, seq2seq("lstm", **_own, dropout=0.3), PAIRS, random=True, factor=_factor)
for _cell in CELLS:
    _own = {"bidirectional": True, "attention": "additive", "input_feeding": True, "tied": True}
    _factor = {"gru-reset-before": 2.2, "rnn-relu": 1.3}.get(_cell, 1.6)
    register_loss(f"seq2seq/{_cell}+bidirectional+additive+feeding+tied", seq2seq(_cell, **_own), PAIRS, factor=_factor)
_deep: dict[str, Any] = {"layers": 2, "bidirectional": True}
register_loss("seq2seq/gru+bidirectional+two-layers+general", seq2seq("gru", **_deep, attention="general"), PAIRS)
register_loss("seq2seq/lstm+bidirectional+two-layers", seq2seq("lstm", **_deep), PAIRS, factor=1.3)
register_loss("seq2seq/lstm+peeky", seq2seq("lstm", peeky=True), PAIRS)
_own = {"layers": 3, "bidirectional": True, "peeky": True}
register_loss("seq2seq/gru+bidirectional+three-layers+peeky", seq2seq("gru", **_own), PAIRS, factor=1.3)
register_loss("seq2seq/gru+tied", seq2seq("gru", embedding_size=2, tied=True), PAIRS)


@case("seq2seq/logits")
def logits(rng: np.random.Generator) -> Problem:
    """``forward`` and ``backward``, for any gradient with respect to the logits."""
    model = seq2seq("gru", attention="general", input_feeding=True)(rng)
    fixed = {name: part for name, part in PAIRS.items() if name != "outputs"}
    return enlarged(layer_problem(model, {}, fixed=fixed), 1.6)


# --- words and their characters --------------------------------------------------------------------------------------

# A form that occurs twice in one sentence, one in both, one without characters, and one that no word has.
WORDS, WORD_FORMS = np.array([[1, 4, 1], [0, 3, 1]]), np.array([[1, 0, 1], [3, 2, 1]])
CHARACTERS, SPELLED = (
    np.array([[1, 4, 1, 2], [0, 3, 1, 1], [2, 2, 2, 2], [3, 1, 0, 0], [2, 4, 4, 3]]),
    np.array([3, 4, 0, 2, 1]),
)

# Every reader of a forecaster, with respect to the windows and to the parameters; the losses; the orders.

FORECASTERS: dict[str, dict[str, Any]] = {
    "dense": {"reader": "dense", "error": "squared"},
    "gru+recurrent-dropout": {"recurrent_dropout": 0.3, "dropout": 0.2},
    "lstm+bidirectional+two-layers": {"cell": "lstm", "bidirectional": True, "layers": 2, "order": "reversed"},
    "conv": {"reader": "conv", "layers": 2, "kernel_size": 2, "order": "shuffled"},
    "tcn": {"reader": "tcn", "kernel_size": 2, "quantiles": (0.1, 0.5, 0.8)},
    "conv-gru": {"reader": "conv-recurrent", "pool": 2, "kernel_size": 2, "error": "squared"},
}


def forecaster(rng: np.random.Generator, **options: Any) -> Forecaster:
    """Windows of five steps of two inputs, two targets."""
    return Forecaster(2, 5, 2, hidden_size=3, rng=rng, **options)


def register_forecaster(name: str, options: dict[str, Any]) -> None:
    """The forecasts with respect to the windows, and the loss of a batch with respect to the parameters."""
    random = "dropout" in options

    @case(f"forecaster/{name}", random=random)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(forecaster(rng, **options), {"x": rng.standard_normal((3, 5, 2))})

    draw = np.random.default_rng(0)
    batch = (draw.standard_normal((3, 5, 2)), draw.standard_normal((3, 2)))
    register_loss(f"forecaster/{name}+loss", lambda rng: forecaster(rng, **options), batch, random=random)


for _name, _options in FORECASTERS.items():
    register_forecaster(_name, _options)


@case("temporal-convolutions", random=True)
def temporal_convolutions(rng: np.random.Generator) -> Problem:
    """Two blocks, with dropout."""
    layer = TemporalConvolutions(2, 3, 2, 6, dropout=0.3, rng=rng)
    return layer_problem(layer, {"x": rng.standard_normal((3, 6, 2))})


def register_encoder(name: str, random: bool = False, **options: Any) -> None:
    """The vectors of words, with respect to all parameters."""

    @case(name, random=random)
    def build(rng: np.random.Generator) -> Problem:
        sizes: dict[str, Any] = {"embedding_size": 3, "character_size": 3, "character_units": 2}
        encoder = WordEncoder(5, 5, **sizes, **options, rng=rng)
        return layer_problem(encoder, {}, fixed=(WORDS, WORD_FORMS, CHARACTERS, SPELLED))


for _reader in CHARACTER_READERS:
    register_encoder(f"word-encoder/{_reader}", reader=_reader)
register_encoder("word-encoder/lstm+dropout", random=True, dropout=0.3)


# --- the tagger: an empty sentence among others, a word without characters, and tags in the padding that are none ------

SENTENCES = {
    "words": np.array([[1, 4, 1, 2, 3], [0, 3, 1, 1, 1], [2, 2, 4, 1, 0], [3, 1, 2, 0, 0]]),
    "lengths": np.array([5, 0, 4, 1]),
    "forms": np.array([[1, 0, 1, 4, 2], [0, 0, 0, 0, 0], [2, 0, 3, 1, 0], [3, 1, 0, 0, 0]]),
    "characters": CHARACTERS,
    "spelled": SPELLED,
}
TAGGED = {**SENTENCES, "tags": np.array([[2, 0, 1, 1, 0], [7, -1, 7, 0, 0], [1, 2, 0, 2, 9], [0, 2, -4, 1, 1]])}


def tagger(**options: Any) -> Callable[[np.random.Generator], Model]:
    """Five words, five characters, three tags."""
    sizes: dict[str, Any] = {"embedding_size": 3, "character_size": 2, "character_units": 2, "hidden_size": 3}
    return lambda rng: Tagger(5, 5, 3, **sizes, **options, rng=rng)


def register_tagger(name: str, random: bool = False, **options: Any) -> None:
    """Arrays large enough that the loss depends on the states of a sentence of three words."""
    register_loss(f"tagger/{name}", tagger(**options), TAGGED, random, factor=1.1)


register_tagger("rnn+crf", cell="rnn")
register_tagger("rnn+softmax", cell="rnn", output="softmax")
register_tagger("rnn+conv+dropout", random=True, cell="rnn", reader="conv", dropout=0.3)
register_tagger("gru+none+softmax+dropout", random=True, reader="none", cell="gru", output="softmax", dropout=0.3)


# --- the parser: the same sentences; heads with several dependents, a label that the model does not have ----------------

PARSED = {
    **SENTENCES,
    "heads": np.array([[0, 1, 1, 5, 3], [1, 1, 1, 1, 1], [0, 4, 4, 1, 1], [0, 1, 1, 1, 1]]),
    "labels": np.array([[2, 0, 1, -1, 0], [7, -1, 7, 0, 0], [1, 2, 0, 2, 9], [0, 2, -4, 1, 1]]),
}


def register_parser(name: str, random: bool = False, **options: Any) -> None:
    """Five words, five characters, three labels."""
    words: dict[str, Any] = {"embedding_size": 3, "character_size": 2, "character_units": 3}
    sizes = {**words, "hidden_size": 3, "arc_size": 5, "label_size": 4}

    def make(rng: np.random.Generator) -> Model:
        return Parser(5, 5, 3, **sizes, **options, rng=rng)

    register_loss(f"parser/{name}", make, PARSED, random, factor=2)


register_parser("one-layer", reader="conv", layers=1)
register_parser("two-layers+dropout", random=True, reader="none", layers=2, dropout=0.3, recurrent_dropout=0.3)


# --- pictures --------------------------------------------------------------------------------------------------------


@case("picture-encoder")
def picture_encoder(rng: np.random.Generator) -> Problem:
    """A row and a column are left over by pooling."""
    return layer_problem(PictureEncoder(2, [3, 4], rng=rng), {"x": rng.standard_normal((2, 5, 9, 2))})


for _arrays in (1, 2):

    @case(f"first-state/{_arrays}")
    def first_state(rng: np.random.Generator, parts: int = _arrays) -> Problem:
        """The state of a GRU, and that of an LSTM."""
        return layer_problem(FirstState(3, 2, parts, rng=rng), {"v": rng.standard_normal((4, 3))})


# --- the captioner: of a vector, and with every attention -------------------------------------------------------------

CAPTIONED = {
    "pictures": 0.4 * np.random.default_rng(1).standard_normal((4, 5, 6, 3)),
    "inputs": TARGETS,
    "target lengths": TARGET_LENGTHS,
    "outputs": OUTPUTS,
}


def captioner(rows: int = 5, columns: int = 6, **options: Any) -> Callable[[np.random.Generator], Model]:
    """Two by three regions of 2 x 2 pixels, a row left over; four words."""
    sizes: dict[str, Any] = {"channels": (2, 3), "embedding_size": 3, "hidden_size": 3}
    return lambda rng: Captioner(rows, columns, 4, **{**sizes, **options}, rng=rng)


register_loss("captioner/lstm", captioner(), CAPTIONED, factor=1)
register_loss("captioner/gru+dropout", captioner(cell="gru", dropout=0.3), CAPTIONED, random=True, factor=1)
register_loss("captioner/gru+general", captioner(cell="gru", attention="general"), CAPTIONED, factor=1)
register_loss(
    "captioner/lstm+additive+dropout", captioner(attention="additive", dropout=0.3), CAPTIONED, random=True, factor=1
)


@case("captioner/logits")
def caption_logits(rng: np.random.Generator) -> Problem:
    """``forward`` and ``backward``, with respect to the pictures too; a row and a column are left over by pooling."""
    model = captioner(5, 7, cell="gru", attention="additive")(rng)
    fixed = {"inputs": TARGETS, "target lengths": TARGET_LENGTHS}
    return enlarged(layer_problem(model, {"pictures": rng.standard_normal((4, 5, 7, 3))}, fixed=fixed), 1.6)
