"""``music``: a language model of tunes in ABC notation."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.core import Model
from scratchnn.data import Texts
from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.datasets.registry import data_set
from scratchnn.errors import DataError
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.models.tune_model import TuneModel
from scratchnn.music import Tune, bar_fault, beat_fault, longest_copy, read_tunes, runs, transpose
from scratchnn.music.clock import CLOCKS, COUNTS
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.tables import GENERATED, VALID, generated_seed, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.tunes import draw_tune, encode, readable, tune_tokens, write_tune
from scratchnn.text import END, UNKNOWN, Vocabulary, read_text
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

TUNES = 500  # that are generated
WRITTEN = 200  # tunes that ``evaluate`` lets the model write
MOST_COPIED = 8  # bars in a row that a tune may share with a training tune by chance


class MusicTask(Task):
    """Tunes with ``<eos>`` before and after each; a model of their tokens."""

    name = "music"
    title = "a model of tunes"
    description = "Train a model that writes tunes, on tunes in ABC notation."
    own = (
        Setting(
            "--data",
            "data",
            [],
            "tunes in ABC notation, plain or .gz, or the set music[:part] (default: generated tunes)",
            metavar="FILE",
            many=True,
            identity=False,  # the tunes count by their content, see data_digest
        ),
        VALID,
        Setting("--keys", "keys", 1, "train on each tune in its own key and in K - 1 near ones", int, "K", inherited=False),
        Setting("--bar-clock", "bar_clock", False, "also read how much of the bar, and of the part, is left", bool),
        Setting("--cell", "cell", "lstm", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 256, "units in each recurrent layer", int, "H"),
        Setting("--embed", "embedding_size", 64, "size of the embedding", int, "D"),
        Setting("--layers", "layers", 1, "recurrent layers", int, "L"),
        Setting("--dropout", "dropout", 0.2, "dropout between layers", float, "P", inherited=False),
        Setting("--window", "window", 64, "steps of truncated BPTT", int, "T", inherited=False),
    )
    sampling = (
        Setting("--key", "key", None, "key of the tune, as in G or Em (default: drawn)"),
        Setting("--metre", "metre", None, "metre of the tune, as in 6/8 (default: drawn)"),
        Setting(
            "--out",
            "out",
            None,
            "also save it, as .abc, .mid, .wav or .png (a piano roll) by the ending",
            metavar="FILE",
            many=True,
        ),
        Setting("--temperature", "temperature", 1.0, "below 1 is more cautious, 0 greedy", float),
        Setting("--top-k", "top_k", None, "draw among the K most probable tokens", int, "K"),
        Setting("--top-p", "top_p", None, "draw among the most probable tokens of probability P", float, "P"),
        Setting("--seed", "seed", 0, "of the draws", int, least=0),
    )
    defaults: ClassVar = {"clip": 0.25, "epochs": 20}
    rates: ClassVar = {"adam": 0.002, "sgd": 20.0}
    metric = "bits per character"
    shown = ("bits per character",)
    decimals: ClassVar = {"bits per character": 3}
    model = LanguageModel

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabulary of the training tunes, and both parts as ids."""
        train = training_tunes(settings)
        if settings["valid"] is None:
            train, valid = split(train, settings["seed"])
        else:
            valid = read_sources([settings["valid"]], "valid")
        written = [moved for tune in train for moved in near_keys(tune, settings["keys"])]
        parts = parts or {
            "vocabulary": Vocabulary.build(
                (token for tune in written for token in tune_tokens(tune)), specials=(UNKNOWN, END), max_size=10_000
            )
        }
        vocabulary = parts["vocabulary"]
        texts = [encode(tune, vocabulary, settings["bar_clock"]) for tune in written]
        count = sum(map(len, texts))
        note = f"{len(train):,} tunes to learn, {len(valid):,} to validate, {count:,} tokens, {len(vocabulary)} distinct"
        digest = hashlib.sha256(repr((train, valid, settings["keys"])).encode("utf-8")).hexdigest()
        return Data(parts, texts, valid, digest, note)

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """The vocabulary's size and the architecture."""
        names = ("embedding_size", "hidden_size", "cell", "layers", "dropout")
        config = {"vocabulary_size": len(parts["vocabulary"]), **{name: settings[name] for name in names}}
        return {**config, "clocks": CLOCKS, "counts": COUNTS} if settings["bar_clock"] else config

    def model_class(self, settings: Values) -> type[Model]:
        """The language model, or the one that also reads the clock."""
        return TuneModel if settings["bar_clock"] else LanguageModel

    def batches(self, train: list[np.ndarray], settings: Values, parts: Parts) -> Texts:
        """The tunes, each read from the state zero, as it is written and evaluated."""
        return Texts(train, settings["batch_size"], settings["window"], seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Tune], settings: Values, parts: Parts) -> dict[str, float]:
        """Bits per character of the tunes, each read from the state zero, the end of the tune included.

        The loss is per token, in nats, as in training.
        """
        assert isinstance(model, LanguageModel)
        clock = isinstance(model, TuneModel)
        losses = [evaluate_text(model, encode(tune, parts["vocabulary"], clock)) for tune in examples]
        nats = sum(loss * count for loss, count in losses)
        characters = sum(len(tune.text()) + 1 for tune in examples)
        tokens = sum(count for _, count in losses)
        return {"loss": nats / tokens, "bits per character": nats / math.log(2) / characters}

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Tune]:
        """Tunes of files."""
        return read_sources(files, "test")

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Bits per character of the tunes, and what the model writes beside them at temperature 1."""
        tunes = self.examples(files, trained.settings, trained.parts)
        figures = self.evaluate(trained.model, tunes, trained.settings, trained.parts)
        yield f"{len(tunes):,} tunes, {sum(len(tune.text()) + 1 for tune in tunes):,} characters"
        yield f"{figures['bits per character']:.3f} bits per character"
        yield from bar_lines(tunes, len(tunes), "these tunes")
        rng = np.random.default_rng(0)
        written = [readable(draw_tune(trained, "", {}, rng, {})) for _ in range(WRITTEN)]
        kept = [tune for tune in written if tune is not None]
        yield from bar_lines(kept, WRITTEN, f"{WRITTEN} tunes that the model writes")
        known = runs(training_tunes(trained.settings))
        copied = [longest_copy(tune, known) for tune in kept]
        share, most = sum(count > MOST_COPIED for count in copied) / WRITTEN, max(copied, default=0)
        yield f"{share:.1%} of them share more than {MOST_COPIED} bars in a row with a training tune, at most {most}"

    def sample(self, trained: Trained, prompt: str, options: Values) -> str:
        """A new tune in ABC notation, which begins with the prompt; also saved if files are named."""
        from scratchnn.music.files import check_files, save_tune

        settings = dict(options)
        files = settings.pop("out") or []
        check_files(files)
        rng = np.random.default_rng(settings.pop("seed"))
        tune = write_tune(trained, prompt, settings.pop("key"), settings.pop("metre"), rng, settings)
        save_tune(files, tune)
        return tune.file().rstrip("\n")


def training_tunes(settings: Values) -> list[Tune]:
    """The tunes that a run was trained on, with those that it kept for validation."""
    return read_sources(settings["data"] or [GENERATED], "train")


def read_sources(sources: Sequence[str], part: str) -> list[Tune]:
    """Tunes of files and of known sets; ``part`` is that of a set which is named without one."""
    tunes: list[Tune] = []
    for source in sources:
        if (seed := generated_seed(source, part)) is not None:
            tunes += read_tunes(generated_tunes(TUNES, seed), source)
            continue
        name, _, wanted = source.partition(":")
        if os.path.exists(source) or any(mark in name for mark in "./\\"):
            tunes += read_tunes(read_text(source), source)
            continue
        found = data_set(name)
        if found.tunes is None:
            raise DataError(f"the data set {name} has no tunes; give a file in ABC notation, or music")
        tunes += read_tunes(found.tunes(wanted or part, None), source)
    return tunes


def near_keys(tune: Tune, count: int) -> list[Tune]:
    """A tune in its own key and in the ``count`` - 1 nearest ones on the circle of fifths that it can be moved to."""
    found = [tune]
    for distance in range(1, 8):
        for by in (distance, -distance):
            if len(found) < count:
                try:
                    found.append(transpose(tune, by))
                except DataError:
                    continue  # the key does not exist, or a note would need three sharps
    return found


def bar_lines(tunes: Sequence[Tune], count: int, whose: str) -> Iterator[str]:
    """Which share of ``count`` tunes, of which ``tunes`` can be read, has the right bars, by both checks."""
    right = [tune for tune in tunes if bar_fault(tune) is None]
    yield f"all bars as long as the metre says: {len(right) / count:.1%} of {whose}"
    steady = sum(beat_fault(tune) is None for tune in right)
    yield f"and no beat lost when repeats are played: {steady / count:.1%}"


KIND = MusicTask()
