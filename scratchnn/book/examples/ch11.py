"""Dates for chapter 11, the short training that all its models get, and what is measured on them.

Sources are dates as people write them, targets are ISO dates, both as characters. The pairs are split by the ISO date: no
date of the test part occurs in the training part, in whatever form it is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnn.attention.scores import (
    additive_scores_backward,
    additive_scores_forward,
    product_scores_backward,
    product_scores_forward,
    read_backward,
    read_forward,
)
from scratchnn.core.parameter import RowGradient
from scratchnn.data import Pairs
from scratchnn.datasets.generated import generated_dates
from scratchnn.datasets.pairs import Pair, pairs_of_part
from scratchnn.inspection.alignments import AlignmentMap
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.optim import Adam, clip_by_norm
from scratchnn.text import Vocabulary

MADE = generated_dates(20_000, seed=0)
TRAIN, TEST = (
    pairs_of_part(MADE, part, key=lambda pair: pair[1])[:most] for part, most in (("train", None), ("test", 600))
)
LETTERS = Vocabulary.build(letter for source, _ in TRAIN for letter in source)
DIGITS = Vocabulary.build(digit for _, target in TRAIN for digit in target)
BEGIN, END = DIGITS.ids["<bos>"], DIGITS.ids["<eos>"]
UNITS = 64
FIELDS = {"year": slice(0, 4), "month": slice(5, 7), "day": slice(8, 10)}  # characters of an ISO date
SHOWN = ("TUESDAY, SEPTEMBER 25, 1984", "may 7, 1999", "9/25/84")  # the dates of the maps
Batch = tuple[np.ndarray, ...]  # sources (N, S), their lengths (N,), inputs (N, T), lengths (N,), targets (N, T)

# --- data and training -----------------------------------------------------------------------------------------------


def make_batches(pairs: Sequence[Pair], batch_size: int, seed: int = 0, reverse: bool = False) -> Pairs:
    """Batches for teacher forcing; with ``reverse``, sources are read from their ends."""
    sources = [LETTERS.encode(source)[:: -1 if reverse else 1] for source, _ in pairs]
    targets = [DIGITS.encode(target) for _, target in pairs]
    return Pairs(sources, targets, batch_size, begin=BEGIN, end=END, seed=seed)


def held_out(reverse: bool = False) -> Batch:
    """All test dates as one batch."""
    return make_batches(TEST, len(TEST), reverse=reverse).pick(np.arange(len(TEST)))


def make_model(seed: int, kind: type[Seq2Seq] = Seq2Seq, **settings: Any) -> Seq2Seq:
    """An encoder and a decoder for dates, with embeddings of 16 numbers and ``UNITS`` units."""
    rng = np.random.default_rng(seed)
    return kind(len(LETTERS), len(DIGITS), embedding_size=16, hidden_size=UNITS, rng=rng, **settings)


def learn(
    model: Seq2Seq, steps: int, every: int, seed: int = 0, reverse: bool = False, lr: float = 0.005
) -> dict[int, float]:
    """Train ``model`` in place; the share of test dates that are right after every so many steps, by the step."""
    batches, tests = make_batches(TRAIN, 32, seed, reverse), held_out(reverse)
    optimizer, curve = Adam(model.parameters(), lr), {}
    for step in range(1, steps + 1):
        model.loss(batches.batch(*divmod(step - 1, len(batches))), None)
        model.backward_loss()
        clip_by_norm(model.parameters(), 5.0)
        optimizer.step()
        model.clear_gradients()
        if step % every == 0:
            curve[step] = right_dates(model, tests)
    return curve


# --- measurements ----------------------------------------------------------------------------------------------------


def forced_logits(model: Seq2Seq, batch: Batch) -> np.ndarray:
    """Logits (N, T, V) of a batch whose true tokens are the inputs."""
    with model.evaluation():
        return model.forward(*batch[:4])


def right_dates(model: Seq2Seq, batch: Batch) -> float:
    """The share of targets all of whose tokens are the most probable ones after the true tokens before them."""
    return share_right(forced_logits(model, batch), batch[4], batch[3])


def share_right(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
    """The share of rows whose real tokens are all the most probable ones: z (N, T, V), targets (N, T), lengths (N,)."""
    padded = np.arange(targets.shape[1]) >= lengths[:, None]
    return float(((z.argmax(axis=2) == targets) | padded).all(axis=1).mean())


def share_of_tokens(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
    """The share of single real tokens that are the most probable ones."""
    real = np.arange(targets.shape[1]) < lengths[:, None]
    return float((z.argmax(axis=2) == targets)[real].mean())


def date_maps(model: Seq2Seq) -> list[AlignmentMap]:
    """What the model's attention reads while it writes the dates of ``SHOWN``, one character after the other."""
    maps = []
    for source in SHOWN:
        ids = LETTERS.encode(source)[None]
        state, read = model.start(ids, np.array([ids.shape[1]])), [BEGIN]
        while read[-1] != END and len(read) < 12:
            z, state = model.step(np.array([read[-1:]]), state)
            read.append(int(z[0].argmax()))
        inputs = np.array([read[:-1]])
        weights = model.alignments(ids, np.array([ids.shape[1]]), inputs, np.array([inputs.shape[1]]))[0]
        maps.append(AlignmentMap(weights, list(source), DIGITS.decode(read[1:])))
    return maps


def weight_on_fields(model: Seq2Seq) -> dict[str, dict[str, float]]:
    """The mean weight on the characters of each field of the source while each field of the target is written."""
    source, source_lengths, inputs, lengths, _ = held_out()
    weights = model.alignments(source, source_lengths, inputs, lengths)  # (N, T, S)
    found: dict[str, dict[str, float]] = {}
    for written, columns in FIELDS.items():
        rows = [places(text) for text, _ in TEST]
        shares = {
            read: float(np.mean([weights[n, columns][:, where[read]].sum(axis=1).mean() for n, where in enumerate(rows)]))
            for read in FIELDS
        }
        found[written] = shares | {"other": 1 - sum(shares.values())}
    return found


def places(source: str) -> dict[str, list[int]]:
    """The characters of a written date that say its year, month and day: positions in ``source``.

    A weekday, spaces, commas and slashes belong to none of them.
    """
    words = source.replace("/", " ").replace(",", " ").split()
    starts, end = [], 0
    for word in words:
        starts.append(source.index(word, end))
        end = starts[-1] + len(word)
    numbers = {"month": -3, "day": -2, "year": -1}  # after a weekday, if there is one
    return {name: list(range(starts[k], starts[k] + len(words[k]))) for name, k in numbers.items()}


def wider(batch: Batch, more: int) -> Batch:
    """The same batch with ``more`` columns of padding after its sources."""
    source, *rest = batch
    return np.pad(source, ((0, 0), (0, more))), *rest


def right_in_wide_batch(model: Seq2Seq, more: int) -> float:
    """The share of right test dates, each beside others of its length, with ``more`` columns of padding."""
    batches = make_batches(TEST, 32)
    shares = [(right_dates(model, wider(batch, more)), len(batch[0])) for batch in map(batches.pick, by_length())]
    return sum(share * count for share, count in shares) / len(TEST)


def by_length() -> list[np.ndarray]:
    """Positions of the test dates, those of one length together."""
    lengths = np.array([len(source) for source, _ in TEST])
    return [np.flatnonzero(lengths == length) for length in np.unique(lengths)]


def change_by_padding(model: Seq2Seq) -> float:
    """The largest change of a logit of one date by ten columns of padding."""
    batch = make_batches(TEST, 1).pick(np.array([0]))
    return float(abs(forced_logits(model, wider(batch, 10)) - forced_logits(model, batch)).max())


def distances() -> dict[str, tuple[str, str, list[tuple[int, int]]]]:
    """Sources and targets, and which position of the target needs which one of the source first."""
    found: dict[str, tuple[str, str, list[tuple[int, int]]]] = {}
    for name, source, target, needs in (
        ("A sum", "628+521", "1149", [(0, 0), (4, 0), (1, 2), (5, 2), (2, 3), (6, 3)]),
        ("A date", "9/25/1984", "1984-09-25", [(5, 0), (0, 5), (2, 8)]),
    ):
        last = len(source) - 1
        found[f"{name}, in order"] = source, target, needs
        found[f"{name}, reversed"] = source[::-1], target, [(last - j, t) for j, t in needs]
    return found


# --- the chapter's functions beside the package ----------------------------------------------------------------------


def small_batch() -> Batch:
    """Three pairs of unequal lengths, of ten source tokens and eight target tokens: ids for a gradient check."""
    sources, targets = [[4, 5, 6, 5], [7, 9], [8, 4, 4]], [[4, 5], [6, 7, 4], [5]]
    pairs = Pairs([np.array(s) for s in sources], [np.array(t) for t in targets], 3, begin=2, end=3)
    return pairs.pick(np.arange(3))


def small_model(attention: str, D: int, H: int) -> Seq2Seq:
    """A package model for ``small_batch``, in float64, its weights and biases random."""
    model = Seq2Seq(10, 8, embedding_size=D, hidden_size=H, attention=attention, rng=np.random.default_rng(0))
    model.astype(np.float64)
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data = rng.standard_normal(parameter.shape)
    return model


def in_order(model: Seq2Seq) -> dict[str, Any]:
    """The parameters in the order of the chapter's functions: encoder, decoder, attention vectors if any, output."""
    looks = model.attention is not None
    cells: Any = model.decoder.cells if looks else model.decoder
    layers = {"source": model.source, "encoder": model.encoder, "target": model.target, "decoder": cells}
    layers |= {"combine": model.decoder.combine} if looks else {}
    found: dict[str, Any] = {}
    for name, layer in (layers | {"output": model.output}).items():
        parts = ("Wx", "Wh", "b") if name.endswith("coder") else ("W", "b")
        found |= {f"{name} {part}": getattr(layer, part) for part in parts if hasattr(layer, part)}
    return found


def random_arrays(attention: str, D: int, H: int) -> dict[str, np.ndarray]:
    """Parameters for the chapter's functions, as arrays by name."""
    return {name: parameter.data for name, parameter in in_order(small_model(attention, D, H)).items()}


def package_results(attention: str, arrays: dict[str, np.ndarray], batch: Batch) -> tuple[Any, ...]:
    """The loss of the package's model with the same parameters, and its gradients in the same order."""
    model = small_model(attention, arrays["source W"].shape[1], len(arrays["encoder Wh"]))
    parameters = in_order(model)
    for name, parameter in parameters.items():
        parameter.data = arrays[name]
    loss, _, _ = model.loss(batch, None)
    model.backward_loss()
    gradients = [parameter.grad for parameter in parameters.values()]
    return loss, *(g.to_dense() if isinstance(g, RowGradient) else g for g in gradients)


def package_attention(dcontext: np.ndarray, q: np.ndarray, k: np.ndarray, m: np.ndarray, real: np.ndarray) -> tuple:
    """Context vectors of dot attention by the package, and the gradients with respect to q, k and m."""
    s, score_cache = product_scores_forward(q, k)
    context, cache = read_forward(s, m, real[:, None])
    ds, dm = read_backward(dcontext, cache)
    return context, *product_scores_backward(ds, score_cache), dm


def package_additive(ds: np.ndarray, q: np.ndarray, k: np.ndarray, v: np.ndarray) -> tuple:
    """Additive scores by the package, and the gradients with respect to q, k and v."""
    s, cache = additive_scores_forward(q, k, v)
    return s, *additive_scores_backward(ds, cache)


def same(ours: tuple, theirs: tuple) -> bool:
    """Whether all results are equal to 1e-12."""
    return all(np.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(ours, theirs, strict=True))
