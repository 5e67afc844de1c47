"""``music``: a language model of tunes in ABC notation."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.core import Model
from scratchnn.data import TokenStreams
from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.datasets.registry import data_set
from scratchnn.decoding import generate
from scratchnn.errors import DataError
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.music import Tune, bar_fault, longest_copy, read_tunes, runs, split_tokens, transpose, tune_notes
from scratchnn.music.abc import METRES, read_tune
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.tables import GENERATED, VALID, generated_seed, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.text import END, UNKNOWN, Vocabulary, read_text
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

TUNES = 500  # that are generated
LONGEST = 2000  # tokens of a tune that is written; the longest of the Nottingham tunes has about 1,500
WRITTEN = 200  # tunes that ``evaluate`` lets the model write
MOST_COPIED = 8  # bars in a row that a tune may share with a training tune by chance
TRIES = 20  # tunes that are written until one can be read


class MusicTask(Task):
    """Tunes one after the other, with ``<eos>`` before each; a model of their tokens."""

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
        Setting("--out", "out", None, "also save it, as .abc, .mid or .wav by the ending", metavar="FILE", many=True),
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
        ids = np.concatenate([encode(tune, vocabulary) for tune in written])
        note = f"{len(train):,} tunes to learn, {len(valid):,} to validate, {len(ids):,} tokens, {len(vocabulary)} distinct"
        digest = hashlib.sha256(repr((train, valid, settings["keys"])).encode("utf-8")).hexdigest()
        return Data(parts, ids, valid, digest, note)

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """The vocabulary's size and the architecture."""
        names = ("embedding_size", "hidden_size", "cell", "layers", "dropout")
        return {"vocabulary_size": len(parts["vocabulary"]), **{name: settings[name] for name in names}}

    def batches(self, train: np.ndarray, settings: Values, parts: Parts) -> TokenStreams:
        """The tunes read by streams side by side, as those of a language model."""
        return TokenStreams(train, settings["batch_size"], settings["window"], seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Tune], settings: Values, parts: Parts) -> dict[str, float]:
        """Bits per character of the tunes, each read from the state zero, the end of the tune included."""
        assert isinstance(model, LanguageModel)
        end = [parts["vocabulary"].end]
        losses = [evaluate_text(model, np.concatenate([encode(tune, parts["vocabulary"]), end])) for tune in examples]
        nats = sum(loss * count for loss, count in losses)
        characters = sum(len(tune.text()) + 1 for tune in examples)
        return {"bits per character": nats / math.log(2) / characters}

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Tune]:
        """Tunes of files."""
        return read_sources(files, "test")

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Bits per character of the tunes, and what the model writes beside them at temperature 1."""
        tunes = self.examples(files, trained.settings, trained.parts)
        figures = self.evaluate(trained.model, tunes, trained.settings, trained.parts)
        yield f"{len(tunes):,} tunes, {sum(len(tune.text()) + 1 for tune in tunes):,} characters"
        yield f"{figures['bits per character']:.3f} bits per character"
        yield f"all bars as long as the metre says: {accepted(tunes):.1%} of these tunes"
        rng = np.random.default_rng(0)
        written = [readable(_draw(trained, "", {}, rng, {})) for _ in range(WRITTEN)]
        kept = [tune for tune in written if tune is not None]
        share = sum(bar_fault(tune) is None for tune in kept) / WRITTEN
        yield f"all bars as long as the metre says: {share:.1%} of {WRITTEN} tunes that the model writes"
        known = runs(training_tunes(trained.settings))
        copied = [longest_copy(tune, known) for tune in kept]
        share, most = sum(count > MOST_COPIED for count in copied) / WRITTEN, max(copied, default=0)
        yield f"{share:.1%} of them share more than {MOST_COPIED} bars in a row with a training tune, at most {most}"

    def sample(self, trained: Trained, prompt: str, options: Values) -> str:
        """A new tune in ABC notation, which begins with the prompt; also saved if files are named."""
        from scratchnn.music.files import check_file, save_tune

        settings = dict(options)
        files = settings.pop("out") or []
        for path in files:
            check_file(path)
        rng = np.random.default_rng(settings.pop("seed"))
        tune = write_tune(trained, prompt, settings.pop("key"), settings.pop("metre"), rng, settings)
        save_tune(files, tune)
        return tune.file().rstrip("\n")


def training_tunes(settings: Values) -> list[Tune]:
    """The tunes that a run was trained on, with those that it kept for validation."""
    return read_sources(settings["data"] or [GENERATED], "train")


def readable(text: str) -> Tune | None:
    """A tune from header and body, None if it cannot be read."""
    try:
        return read_tunes(f"X:1\n{text}", "the tune")[0]
    except DataError:
        return None


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


def tune_tokens(tune: Tune) -> list[str]:
    """``<eos>`` and the tokens of a tune."""
    return [END, *split_tokens(tune.text())]


def encode(tune: Tune, vocabulary: Vocabulary) -> np.ndarray:
    """The ids of ``tune_tokens``."""
    ids: np.ndarray = vocabulary.encode(tune_tokens(tune))
    return ids


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


def accepted(tunes: Sequence[Tune]) -> float:
    """The share of tunes whose bars are right."""
    return sum(bar_fault(tune) is None for tune in tunes) / len(tunes)


def write_tune(
    trained: Trained, prompt: str, key: str | None, metre: str | None, rng: np.random.Generator, options: Values
) -> Tune:
    """A tune drawn from the model; header lines that are given are forced, the others drawn.

    Raises:
        DataError: the vocabulary has no such key or metre, or no readable tune came.
    """
    vocabulary = trained.parts["vocabulary"]
    metre = METRES.get(metre or "", metre)
    known = {name: {token for token in vocabulary.tokens if token.startswith(f"{name}:")} for name in "MLK"}
    for name, what, value in (("M", "metre", metre), ("K", "key", key)):
        if value is not None and f"{name}:{value}\n" not in known[name]:
            there = ", ".join(sorted(token[2:].strip() for token in known[name]))
            raise DataError(f"no training tune has the {what} {value!r}; choose one of {there}")
    check_prompt(prompt)
    given = {"M": metre, "K": key}
    for _ in range(TRIES):
        text = _draw(trained, prompt, {name: value for name, value in given.items() if value}, rng, options)
        try:
            tune = read_tunes(f"X:1\n{text}", "the tune that was written")[0]
            if tune_notes(tune, repeats=False):
                return tune
            raise DataError("it has no notes")
        except DataError as error:
            fault = error
    raise DataError(f"none of {TRIES} tunes can be read; train longer, or pass another --temperature ({fault})")


def check_prompt(prompt: str) -> None:
    """Raise ``DataError`` for a prompt that no tune can begin with, before anything is drawn."""
    lines = prompt.split("\n")
    if not all(lines[:-1]):
        raise DataError(f"--prompt: line {lines.index('') + 1} is empty; an empty line ends a tune, so leave it out")
    split_tokens(prompt, "--prompt")
    read_tune([(0, "M:4/4"), (0, "K:C"), *enumerate(lines, start=1), (0, "z")], "--prompt")  # a whole tune around it


def _draw(trained: Trained, prompt: str, given: dict[str, str], rng: np.random.Generator, options: Values) -> str:
    """The text of one tune: header, prompt and continuation."""
    vocabulary = trained.parts["vocabulary"]

    def go_on(tokens: list[str], count: int, avoid: list[int]) -> list[str]:
        ids = vocabulary.encode(tokens)
        drawn = generate(trained.model.step, ids, count, rng, avoid=avoid, end=vocabulary.end, **options)
        return list(vocabulary.decode(drawn))

    with trained.model.evaluation():
        tokens = [END]
        for name in "MLK":
            others = [k for k, token in enumerate(vocabulary.tokens) if not token.startswith(f"{name}:")]
            tokens += [f"{name}:{given[name]}\n"] if name in given else go_on(tokens, 1, others)
        tokens += split_tokens(prompt)
        return "".join([*tokens, *go_on(tokens, LONGEST, [vocabulary.unknown])][1:])


KIND = MusicTask()
