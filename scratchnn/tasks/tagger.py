"""``tagger``: one tag per word, such as its part of speech, or the beginning of a name."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import seed_from, to_numpy
from scratchnn.core import Model
from scratchnn.data import SentenceBatches, Sentences
from scratchnn.data.sentences import unknown_rates, word_counts
from scratchnn.errors import DataError
from scratchnn.inspection.tags import plot_tag_confusion, plot_transitions
from scratchnn.models.tagger import OUTPUTS, Tagger
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.label_table import entity_table, tag_table
from scratchnn.tasks.pretrained import Initial
from scratchnn.tasks.report_figure import saved
from scratchnn.tasks.tables import EXAMPLES, GENERATED, VALID, digest_of, split
from scratchnn.tasks.tag_answers import (
    NEW,
    Examples,
    check_kind,
    check_known,
    figures,
    find_tags,
    known_tags,
    marks_entities,
    types_of,
)
from scratchnn.tasks.tagged import Tagged, all_outside, read_tagged
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.word_settings import check_word_dropout, word_parts, word_settings
from scratchnn.text import Vocabulary
from scratchnn.text.conllu import looks_like_conllu
from scratchnn.text.schemes import SCHEMES, allowed_transitions, convert, entities, parse_tag
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

SHOWN = 10  # tags in a message
MARKS = re.compile(r"\w+(?:[-'’.]\w+)*|[^\w\s]")  # words with inner hyphens, apostrophes and dots; single marks
ARCHITECTURE = (
    "embedding_size", "character_size", "character_units", "reader", "frozen", "hidden_size", "cell", "layers", "dropout",
    "output",
)  # fmt: skip
SOURCES = "tagged sentences: CoNLL columns, .conllu, lines of word/TAG, or conll2003, ud:en_ewt ... (default: generated)"
COLUMN = Setting("--column", "column", None, "column of the tag: a number, upos or xpos", metavar="C")


class TaggerTask(Task):
    """Words of sentences and their tags, which are whatever strings the data has."""

    name = "tagger"
    title = "a tagger"
    description = "Train a tagger of words: parts of speech, or the names in a text."
    own = (
        replace(EXAMPLES, help=SOURCES, metavar="DATA"),
        replace(VALID, metavar="DATA"),
        replace(COLUMN, help=f"{COLUMN.help} (default: the last, upos)", identity=False),
        Setting("--limit", "limit", None, "use N sentences, drawn by the seed; a tenth validates without --valid",
                int, "N", least=2, identity=False),
        Setting("--tokens", "tokens", "space", "how predict splits lines: at spaces, or at marks too",
                choices=("space", "marks"), inherited=False),
        Setting("--scheme", "scheme", None, "tags of entities in answers (default: as in the data)", choices=SCHEMES,
                inherited=False),
        *word_settings(character_size=25, character_units=25),
        Setting("--hidden", "hidden_size", 100, "units of a recurrent layer, in each direction", int, "H"),
        Setting("--cell", "cell", "lstm", "recurrent cell", choices=tuple(CELLS)),
        Setting("--layers", "layers", 1, "recurrent layers", int, "L"),
        Setting("--output", "output", "crf", "what reads the scores", choices=OUTPUTS),
        Setting("--dropout", "dropout", 0.5, "dropout at characters, words, between layers, at the output", float, "P",
                inherited=False),
        Setting("--vectors", "vectors", None, "file or run with word vectors to start from; their size is D",
                metavar="PATH"),
        Setting("--freeze", "frozen", False, "keep the vectors of words as they are", bool, inherited=False),
    )  # fmt: skip
    evaluation = (replace(COLUMN, name="evaluated", help=f"{COLUMN.help} (default: as in training)"),)
    prediction = (
        Setting("--conll", "conll", False, "one word and its tag per line", bool),
        Setting("--json", "json", False, "JSON with words, tags and entities", bool),
    )
    defaults: ClassVar = {"epochs": 10, "clip": 5.0}
    rates: ClassVar = {"adam": 0.003}
    metric = "f1"
    higher_is_better = True
    shown = ("loss", "accuracy", "f1")
    part_names = ("words", "characters", "tags")
    model = Tagger

    def complete(self, settings: Values) -> None:
        """The probability of <unk> needs a number of 0 or more."""
        check_word_dropout(settings)

    def decides(self, settings: Values) -> tuple[str, bool]:
        """F1 of the entities; accuracy if the tags mark none."""
        return "accuracy" if settings["scheme"] is None else "f1", True

    # --- data --------------------------------------------------------------------------------------------------------

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of words, characters and tags of the training part, and both parts as ids."""
        train, valid, scheme = self.read_parts(settings)
        if parts is not None:
            check_kind(train, scheme, parts["tags"], "--data")
        if scheme is None and settings["scheme"] is not None:
            raise DataError(f"--scheme {settings['scheme']} needs tags that mark entities; leave it out, or see --column")
        settings["scheme"] = settings["scheme"] or scheme
        initial: Initial = {}
        notes: list[str] = []
        if parts is None:
            forms = [one.words for one in train]
            parts, initial, notes = word_parts(forms, word_counts(forms), settings)
            parts["tags"] = Vocabulary(known_tags(train, scheme))
        check_known(train, parts["tags"])
        if len(parts["tags"]) < 2:
            raise DataError(f"all words have the tag {train[0].tags[0]!r}; a tagger needs at least two; see --column")
        shown = ", ".join(types_of(parts["tags"])[:SHOWN]) + (", ..." if len(types_of(parts["tags"])) > SHOWN else "")
        counted = f"{sum(len(one.words) for one in train):,} words"
        what = "tags" if scheme is None else f"{scheme}, types"
        notes.append(f"{len(train):,} sentences ({counted}) to learn, {len(valid):,} to validate, {what} {shown}")
        learned, validated = (self.encode(part, settings, parts) for part in (train, valid))
        return Data(parts, learned, validated, digest_of(*map(as_pairs, (train, valid))), "\n".join(notes), initial)

    def read_parts(self, settings: Values) -> tuple[list[Tagged], list[Tagged], str | None]:
        """Training and validation part: as given, else a tenth is cut off by the seed; and the scheme of the tags."""
        found, scheme = read_tagged(settings["data"] or [GENERATED], settings["column"], "train")
        if settings["limit"] is not None and settings["limit"] < len(found):
            order = np.random.default_rng(seed_from(settings["seed"], 3)).permutation(len(found))
            found = [found[place] for place in sorted(order[: settings["limit"]])]
        if settings["valid"] is None:
            return *split(found, settings["seed"]), scheme
        valid, other = read_tagged([settings["valid"]], settings["column"], "valid")
        if (other is None) != (scheme is None) and not all_outside(valid):
            raise DataError(f"only one of --data and --valid {settings['valid']} has tags that mark entities; see --column")
        return found, valid, scheme

    def encode(self, tagged: Sequence[Tagged], settings: Values, parts: Parts) -> Examples:
        """Words and tags as ids."""
        ids = parts["tags"].ids
        sentences = self.sentences([one.words for one in tagged], settings, parts)
        return Examples(
            sentences, [np.array([ids.get(tag, NEW) for tag in one.tags], dtype=np.int64) for one in tagged], tagged
        )

    def sentences(self, words: Sequence[Sequence[str]], settings: Values, parts: Parts) -> Sentences:
        """The ids of words and characters."""
        return Sentences(words, parts["words"], parts["characters"], settings.get("spelling", "char"))

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Examples:
        """Tagged sentences, by the vocabularies of a trained model; of a known set without a part, its test part."""
        tagged, scheme = read_tagged(files, settings.get("evaluated"), "test", settings.get("column"))
        check_kind(tagged, scheme, parts["tags"], files[0])
        return self.encode(tagged, settings, parts)

    # --- training and evaluation -------------------------------------------------------------------------------------

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of the vocabularies, and the architecture."""
        sizes = {"vocabulary_size": len(parts["words"]), "characters": len(parts["characters"]), "tags": len(parts["tags"])}
        return {**sizes, **{name: settings[name] for name in ARCHITECTURE if name in settings}}

    def batches(self, train: Examples, settings: Values, parts: Parts) -> SentenceBatches:
        """Sentences of similar length side by side, in another order in each epoch."""
        counts = word_counts(one.words for one in train.tagged)
        rates = unknown_rates(parts["words"], counts, settings["word_dropout"])
        return SentenceBatches(train.sentences, [train.tags], settings["batch_size"], seed=settings["seed"], rates=rates)

    def first_batch(self, batches: Any) -> tuple[np.ndarray, ...]:
        """One sentence, with its characters."""
        return batches.pick(batches.order.positions(0, 0)[:1])

    def evaluate(self, model: Model, examples: Examples, settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss per word in nats, the share of words whose tag is right, and the scores of entities over all types."""
        loss, predicted = find_tags(model, examples, parts)
        return {"loss": loss, **figures(predicted, [one.tags for one in examples.tagged], marks_entities(parts["tags"]))}

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """The figures, a table per type or tag, and two figures in the run folder: confusion and transitions."""
        tags, place = trained.parts["tags"], Path(trained.place)
        marked = marks_entities(tags)
        examples = self.examples(files, trained.settings, trained.parts)
        loss, predicted = find_tags(trained.model, examples, trained.parts)
        true = [one.tags for one in examples.tagged]
        known = {"loss": loss} if any(set(one) <= tags.ids.keys() for one in true) else {}
        for name, value in {**known, **figures(predicted, true, marked)}.items():
            yield f"{name} {self.show(name, value)}"
        if new := Counter(tag for one in true for tag in one if tag not in tags):
            yield f"{new.total():,} of the tags did not occur in training, such as {min(new)}; they count as wrong"
            yield (
                "the loss is that of the sentences without them" if known else "no loss is printed: all sentences have some"
            )
        yield ""
        if marked:
            yield from entity_table([entities(one) for one in predicted], [entities(one) for one in true])
        else:
            yield from tag_table(chain(*predicted), chain(*true))
        flat = [[parse_tag(tag)[1] or tag if marked else tag for tag in chain(*part)] for part in (predicted, true)]
        yield saved(plot_tag_confusion(*flat), place / "confusion.png", "confusion of tags")
        crf = trained.model.crf
        if crf is not None:
            scores = [to_numpy(parameter.data) for parameter in (crf.transitions, crf.start, crf.end)]
            allowed = allowed_transitions(tags.tokens) if marked else None
            figure = plot_transitions(scores[0], scores[1], scores[2], tags.tokens, allowed)
            yield saved(figure, place / "transitions.png", "scores of transitions")

    # --- answers -----------------------------------------------------------------------------------------------------

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The tags of each line: ``word/TAG``; with ``conll`` one word per line; with ``json`` an object."""
        if options["conll"] and options["json"]:
            raise DataError("choose one of --conll and --json")
        lines = list(lines)
        if looks_like_conllu(lines):
            raise DataError("the input is CoNLL-U; a tagger answers plain sentences, one per line, and evaluates CoNLL-U")
        words = [self.split_line(line, trained.settings) for line in lines]
        sentences = self.sentences(words, trained.settings, trained.parts)
        known = trained.parts["tags"]
        marked = marks_entities(known)
        _, found = find_tags(trained.model, Examples(sentences, [], []), trained.parts)
        for one, internal in zip(words, found, strict=True):
            tags = convert(internal, trained.settings.get("scheme") or "IOB2") if marked else internal
            if options["json"]:
                answer: dict[str, Any] = {"words": one, "tags": tags}
                if marked:
                    answer["entities"] = [
                        {"type": kind, "start": start, "stop": stop, "words": one[start:stop]}
                        for kind, start, stop in entities(internal)
                    ]
                yield json.dumps(answer, ensure_ascii=False)
            elif options["conll"]:
                yield "".join(f"{word}\t{tag}\n" for word, tag in zip(one, tags, strict=True))
            else:
                yield " ".join(f"{word}/{tag}" for word, tag in zip(one, tags, strict=True))

    def split_line(self, line: str, settings: Values) -> list[str]:
        """The words of a line, as the run splits them."""
        line = unicodedata.normalize("NFC", line)
        if settings.get("tokens") != "marks":
            return line.split()
        # a combining mark, such as a vowel sign of Hindi, belongs to its word, but is no \w
        letters = "".join("x" if unicodedata.category(one)[0] == "M" else one for one in line)
        return [line[found.start() : found.end()] for found in MARKS.finditer(letters)]


def as_pairs(sentences: Sequence[Tagged]) -> list[tuple[str, str]]:
    """The words and the tags of each sentence as two strings, for a digest."""
    return [(" ".join(one.words), " ".join(one.tags)) for one in sentences]


KIND = TaggerTask()
