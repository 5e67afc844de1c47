"""``python -m benchmarks.ngrams DIR``: a sequence-to-sequence model, or a network of tunes, beside an n-gram model.

Both predict the targets of the same set, or its tunes, token by token with their <eos>, by the vocabulary of the run. The
n-gram model sees no source, and it reads the tunes in all the keys that the network has read. It is interpolated Kneser-Ney
smoothing (Kneser and Ney, 1995; Chen and Goodman, 1999),

    p_k(w | h) = (max(c_k(h w) - d_k, 0) + d_k t_k(h) p_{k-1}(w | h')) / c_k(h)        p_0(w) = 1 / V              (1)
    d_k        = n_1 / (n_1 + 2 n_2)                                                                              (2)

where h are the last k - 1 tokens, h' the last k - 2 of them, c_k counts: in the highest order the text, below it how many
different tokens occur before h w. c_k(h) is the sum of c_k(h w) over w, t_k(h) the number of different w after h, and n_1
and n_2 say how many of these counts are 1 and 2; d_k is 1/2 if none is 1. The order is picked on the validation part.
"""

from __future__ import annotations

import math
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from benchmarks.program import finish
from benchmarks.runs import load_run
from scratchnn.cli import Parser
from scratchnn.errors import DataError, whole_number
from scratchnn.tasks import music, pair_sources
from scratchnn.tasks.pair_sources import is_known, names_a_part
from scratchnn.tasks.tables import GENERATED, split
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.tunes import encode

PARTS = ("train", "valid", "test")

BEGIN = -1  # fills the history of the first tokens


class KneserNey:
    """Equations (1) and (2) for sequences of ids, each of which ends in an id of its own."""

    def __init__(self, sequences: Sequence[Sequence[int]], order: int, vocabulary_size: int):
        self.order, self.V = order, vocabulary_size
        grams = Counter(gram for sequence in sequences for gram in self.grams(sequence))
        self.counts: list[dict] = []  # from order 1 to the highest: history -> counts of what follows
        for _ in range(order):
            table: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
            for gram, count in grams.items():
                table[gram[:-1]][gram[-1]] += count
            self.counts.insert(0, table)
            grams = Counter(gram[1:] for gram in grams)  # how many different tokens come before the shorter one
        self.discounts = []
        for table in self.counts:
            often = Counter(count for following in table.values() for count in following.values())
            self.discounts.append(often[1] / (often[1] + 2 * often[2]) if often[1] else 0.5)  # (2)

    def grams(self, sequence: Sequence[int]) -> list[tuple[int, ...]]:
        """All runs of the highest order that end in a token of the sequence."""
        padded = [BEGIN] * (self.order - 1) + list(sequence)
        return [tuple(padded[k : k + self.order]) for k in range(len(sequence))]

    def probability(self, gram: tuple[int, ...]) -> float:
        """Equation (1): of the last token after the others."""
        p = 1 / self.V
        for k in range(1, self.order + 1):
            history = gram[self.order - k : -1]
            following = self.counts[k - 1].get(history)
            if following is None:
                continue
            d = self.discounts[k - 1]
            p = (max(following[gram[-1]] - d, 0) + d * len(following) * p) / following.total()  # (1)
        return p

    def loss(self, sequences: Sequence[Sequence[int]]) -> float:
        """Mean loss in nats per token."""
        losses = [-math.log(self.probability(gram)) for sequence in sequences for gram in self.grams(sequence)]
        return sum(losses) / len(losses)


def main(arguments: list[str] | None = None) -> None:
    """Pick the order on the validation part; print its figure and the network's on the test part."""
    parser = Parser(prog="benchmarks.ngrams", description="A model beside an interpolated n-gram model.")
    parser.add_argument("run_folder", metavar="DIR", help="run folder of train seq2seq or music on a known set")
    parser.add_argument(
        "--orders", nargs="+", type=int, default=range(1, 11), metavar="N", help="orders to try (default: 1 .. 10)"
    )
    options = parser.parse_args(arguments)
    for order in options.orders:
        whole_number(order, "--orders")
    trained = load_run(options.run_folder, "seq2seq", "music")
    texts = tune_texts(trained) if trained.settings["kind"] == "music" else target_texts(trained)
    best, lowest = None, math.inf
    for order in options.orders:
        model = KneserNey(texts.ids["train"], order, texts.vocabulary_size)
        figure = texts.figure(model.loss(texts.ids["valid"]), "valid")
        print(f"order {order}: validation {texts.unit} {figure:{texts.form}}", flush=True)
        if best is None or figure < lowest:
            best, lowest = model, figure
    assert best is not None  # argparse demands an order
    print(f"test {texts.unit} of order {best.order}: {texts.figure(best.loss(texts.ids['test']), 'test'):{texts.form}}")
    print(f"test {texts.unit} of {options.run_folder}: {texts.network:{texts.form}}")


@dataclass
class TextsOfRun:
    """What a run was trained and measured on, by its own vocabulary.

    Args:
        ids: of each part, the ids of its texts.
        vocabulary_size: V.
        unit, form: name and format of the figure.
        figure: from the mean loss in nats per token of a part to the figure.
        network: the figure of the trained model on the test part.
    """

    ids: dict[str, list[list[int]]]
    vocabulary_size: int
    unit: str
    form: str
    figure: Callable[[float, str], float]
    network: float


def whole_sets(trained: Trained, default: list[str], is_part: Callable[[str], bool]) -> list[str]:
    """The data of a run; ``DataError`` unless it is known sets with all their parts."""
    sources: list[str] = trained.settings["data"] or default
    if not sources or not all(is_known(source) and not is_part(source) for source in sources):
        found = " ".join(sources) or "pairs that are not split into parts"
        raise DataError(
            f"an n-gram model needs the parts of a known set, and {trained.place} was trained on {found}; name a run on a "
            "whole set"
        )
    return sources


def target_texts(trained: Trained) -> TextsOfRun:
    """The targets of the pairs that a sequence-to-sequence model was trained on."""
    task, settings, parts = trained.known_kind(), trained.settings, trained.parts
    target = parts["target_vocabulary"]
    sources = whole_sets(trained, [], names_a_part)
    examples = {part: task.encode(pair_sources.read_sources(sources, part), settings, parts) for part in PARTS}
    ids = {part: [[*ids.tolist(), target.end] for _, ids in found] for part, found in examples.items()}
    network = task.evaluate(trained.model, examples["test"], settings, parts)["perplexity"]
    return TextsOfRun(ids, len(target), "perplexity", ".2f", lambda loss, part: math.exp(loss), network)


def tune_texts(trained: Trained) -> TextsOfRun:
    """The tunes that a network was trained on, in as many keys, and those of the other parts in their own key."""
    task, settings, vocabulary = trained.known_kind(), trained.settings, trained.parts["vocabulary"]
    sources = whole_sets(trained, [GENERATED], lambda source: ":" in source)
    tunes = {part: music.read_sources(sources, part) for part in PARTS}
    if settings["valid"] is None:
        tunes["train"], _ = split(tunes["train"], settings["seed"])
    written = {**tunes, "train": [moved for tune in tunes["train"] for moved in music.near_keys(tune, settings["keys"])]}
    ids = {part: [encode(tune, vocabulary, clock=False)[1:].tolist() for tune in found] for part, found in written.items()}
    tokens = {part: sum(map(len, found)) for part, found in ids.items()}
    characters = {part: sum(len(tune.text()) + 1 for tune in found) for part, found in tunes.items()}
    network = task.evaluate(trained.model, tunes["test"], settings, trained.parts)["bits per character"]

    def bits(loss: float, part: str) -> float:
        return loss / math.log(2) * tokens[part] / characters[part]

    return TextsOfRun(ids, len(vocabulary), "bits per character", ".3f", bits, network)


if __name__ == "__main__":
    sys.exit(finish(main))
