"""``seq2seq``: a line in, a line out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np

from scratchnn.beam import Found
from scratchnn.core import Model
from scratchnn.data import Pairs
from scratchnn.datasets.generated.number_words import number_words
from scratchnn.errors import DataError
from scratchnn.files import check_new_file
from scratchnn.inspection.alignments import plot_alignments
from scratchnn.metrics import exact_match, perplexity
from scratchnn.models.decoder import ATTENTIONS
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.plot import save_figure
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.answer_scores import score_lines
from scratchnn.tasks.answers import alignment_maps, cased, cutter, search, text_of, warn_about
from scratchnn.tasks.pair_sources import is_known, names_a_part, read_sources
from scratchnn.tasks.pretrained import Initial, start_from_vectors
from scratchnn.tasks.tables import EXAMPLES, VALID, digest_of, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.writing import DECODING, SHOWN, answer_lines, check_n_best
from scratchnn.text import Vocabulary, texts_to_sequences, tokenize
from scratchnn.text.pieces import learn_pieces
from scratchnn.training.evaluation import mean_loss
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values
from scratchnn.word2vec.formats import read_vectors

GENERATED = 1000  # numbers in words
PIECES = 8000  # tokens per side, at level piece
MAPS = 4  # sources in a figure of attention
SOURCES = "pairs: lines with a tab, two aligned files, or a set such as multi30k:en-de (default: generated)"
ARCHITECTURE = (
    "embedding_size", "hidden_size", "cell", "layers", "bidirectional", "attention", "input_feeding", "peeky", "dropout",
    "tied",
)  # fmt: skip

Example = tuple[np.ndarray, np.ndarray]  # ids of the source, ids of the target


class Seq2SeqTask(Task):
    """Pairs of lines; source and target have vocabularies of their own."""

    name = "seq2seq"
    title = "a sequence-to-sequence model"
    description = "Train a model that turns one line into another. A line of a file is a source, a tab, and its target."
    own = (
        replace(EXAMPLES, help=SOURCES, metavar="DATA"),
        replace(VALID, name="valid_data", default=[], help="validation pairs (default: those of a known set, or a tenth)",
                metavar="DATA", many=True),
        Setting("--level", "level", "char", "what a token is; piece: a frequent part of a word",
                choices=("char", "letter", "word", "piece")),
        Setting("--lower", "lower", False, "read and write in lower case", bool),
        Setting("--reverse", "reverse", False, "read the source from its end", bool),
        Setting("--vocabulary", "vocabulary_size", None, f"most tokens per side (default: all; {PIECES} pieces)", int, "V",
                least=5),
        Setting("--cell", "cell", "lstm", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 128, "units in each recurrent layer", int, "H"),
        Setting("--embed", "embedding_size", 32, "size of the embeddings", int, "D"),
        Setting("--layers", "layers", 1, "recurrent layers of encoder and decoder", int, "L"),
        Setting("--bidirectional", "bidirectional", False, "let the encoder read in both directions", bool),
        Setting("--attention", "attention", "none", f"score of the source's tokens: {', '.join(ATTENTIONS)}",
                metavar="SCORE", choices=ATTENTIONS),
        Setting("--input-feeding", "input_feeding", False, "let each step read what attention gave the last", bool),
        Setting("--peeky", "peeky", False, "let each step read the encoder's state", bool),
        Setting("--dropout", "dropout", 0.0, "dropout of embeddings and layers", float, "P", inherited=False),
        Setting("--vectors", "vectors", None,
                "file or run with vectors of source words to start from, at --level word; their size is D",
                metavar="PATH"),
        Setting("--tie", "tied", False, "share the target's embedding with the output layer", bool),
        Setting("--best-by", "best_by", "exact", "validation figure that decides the best epoch", choices=("exact", "loss"),
                inherited=False),
    )  # fmt: skip
    prediction = (
        *DECODING,
        *SHOWN,
        Setting(
            "--attention", "attention_figure", None, "figure of what attention reads, for the first lines", metavar="PNG"
        ),
    )
    evaluation = DECODING
    defaults: ClassVar = {"epochs": 30}
    rates: ClassVar = {"adam": 0.005}
    metric = "exact match"
    higher_is_better = True
    shown = ("loss", "exact match")
    part_names = ("source_vocabulary", "target_vocabulary")
    model = Seq2Seq

    def complete(self, settings: Values) -> None:
        """Check settings that depend on each other, before anything is read: word vectors need words."""
        if settings["vectors"] is not None and settings["level"] != "word":
            raise DataError(f"--vectors needs --level word, not {settings['level']}: there are vectors for words only")

    def decides(self, settings: Values) -> tuple[str, bool]:
        """The validation figure that decides which epoch is the best, and whether higher is better."""
        return ("loss", False) if settings["best_by"] == "loss" else ("exact match", True)

    # --- data --------------------------------------------------------------------------------------------------------

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of the training part, and both parts as ids. Notes the longest source in ``settings``."""
        train, valid = self.read_parts(settings)
        vectors = None if parts or settings.get("vectors") is None else read_vectors(settings["vectors"])
        parts = parts or {
            name: self.vocabulary([cased(pair[k], settings) for pair in train], settings)
            for k, name in enumerate(self.part_names)
        }
        sizes = " and ".join(f"{len(vocabulary):,}" for vocabulary in parts.values())
        note = f"{len(train):,} pairs to learn, {len(valid):,} to validate, vocabularies of {sizes} tokens"
        train_examples, valid_examples = (self.encode(part, settings, parts) for part in (train, valid))
        settings["longest_source"] = max(len(source) for source, _ in train_examples)
        initial: Initial = {}
        if vectors is not None:
            ids = (source for source, _ in train_examples)
            table, covered = start_from_vectors(settings, vectors, parts["source_vocabulary"], ids)
            initial, note = {"source.W": table["embedding.W"]}, f"{covered}\n{note}"
        return Data(parts, train_examples, valid_examples, digest_of(train, valid), note, initial)

    def read_parts(self, settings: Values) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
        """Training and validation part: as given, or as a known set has them, else a tenth is cut off by the seed."""
        data = settings["data"]
        pairs = read_sources(data, "train") if data else number_words(GENERATED, seed=0)
        whole = [source for source in data if is_known(source) and not names_a_part(source)]
        if valid := settings["valid_data"] or whole:
            return pairs, read_sources(valid, "valid")
        return split(pairs, settings["seed"])

    def vocabulary(self, texts: list[str], settings: Values) -> Vocabulary:
        """The tokens of the training texts of one side."""
        size, level = settings["vocabulary_size"], settings["level"]
        if level == "piece":
            return learn_pieces(texts, size or PIECES)
        return Vocabulary.build((token for text in texts for token in tokenize(text, level)), max_size=size)

    def encode(self, pairs: Sequence[tuple[str, str]], settings: Values, parts: Parts) -> list[Example]:
        """Both sides as ids."""
        sources, targets = zip(*pairs, strict=True)
        target = parts["target_vocabulary"]
        ids = texts_to_sequences([cased(text, settings) for text in targets], target, cutter(target, settings))
        return list(zip(self.sources(sources, settings, parts), ids, strict=True))

    def sources(self, texts: Sequence[str], settings: Values, parts: Parts) -> list[np.ndarray]:
        """The ids of each source, as the model reads them."""
        vocabulary = parts["source_vocabulary"]
        ids = texts_to_sequences([cased(text, settings) for text in texts], vocabulary, cutter(vocabulary, settings))
        return [sequence[::-1] for sequence in ids] if settings.get("reverse") else ids

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Example]:
        """Pairs, by the vocabularies of a trained model; a known set that is named without a part is its test part."""
        return self.encode(read_sources(files, "test"), settings, parts)

    # --- training ----------------------------------------------------------------------------------------------------

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """What makes the model: sizes of both vocabularies, and the architecture."""
        sizes = {"source_size": len(parts["source_vocabulary"]), "target_size": len(parts["target_vocabulary"])}
        return {**sizes, **{name: settings[name] for name in ARCHITECTURE if name in settings}}

    def batches(self, train: list[Example], settings: Values, parts: Parts) -> Pairs:
        """Pairs with teacher forcing, in another order in each epoch."""
        sources, targets = zip(*train, strict=True)
        target = parts["target_vocabulary"]
        return Pairs(sources, targets, settings["batch_size"], begin=target.begin, end=target.end, seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Example], settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per target token, and the share of greedy answers that are right from start to end."""
        longest = max(len(target) for _, target in examples)
        options = {**settings, "limit": longest + 1, "beam": 1, "length_norm": 0.0}  # a longer answer is wrong anyway
        answers = search(model, [source for source, _ in examples], options, parts)
        return self.figures(model, examples, answers, settings, parts)

    def figures(
        self, model: Model, examples: list[Example], answers: list[list[Found]], settings: Values, parts: Parts
    ) -> dict[str, float]:
        """Mean loss, perplexity, and how many of the best answers are the targets."""
        found, targets = [best.ids for best, *_ in answers], [target.tolist() for _, target in examples]
        loss = mean_loss(model, self.batches(examples, settings, parts))
        return {"loss": loss, "perplexity": perplexity(loss), "exact match": exact_match(found, targets)}

    # --- answers -----------------------------------------------------------------------------------------------------

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss, perplexity, exact match; BLEU, chrF and distinct n-grams of the answers."""
        defaults = {setting.name: setting.default for setting in self.evaluation}
        settings, parts = {**defaults, **trained.settings}, trained.parts
        pairs = read_sources(files, "test")
        examples = self.encode(pairs, settings, parts)
        answers = search(trained.model, [source for source, _ in examples], settings, parts)
        for name, value in self.figures(trained.model, examples, answers, settings, parts).items():
            yield f"{name} {self.show(name, value)}"
        yield ""
        texts = [text_of(best.ids, settings, parts) for best, *_ in answers]
        yield from score_lines(texts, [target for _, target in pairs])

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The target of each source; with ``n_best`` or ``json``, several and their scores."""
        check_n_best(options)
        settings, parts, lines = trained.settings, trained.parts, list(lines)
        if options["attention_figure"] is not None:
            check_new_file(options["attention_figure"], "--attention")
            if trained.model.attention is None:
                raise DataError(f"{trained.place} has a model without attention; train one with --attention dot")
        sources = self.sources(lines, settings, parts)
        warn_about(sources, settings, parts)
        answers = search(trained.model, sources, options, parts)
        if options["attention_figure"] is not None and sources:
            maps = alignment_maps(trained, sources[:MAPS], answers[:MAPS])
            save_figure(plot_alignments(maps), options["attention_figure"])
        yield from answer_lines("source", lines, answers, lambda ids: text_of(ids, settings, parts), options)


KIND = Seq2SeqTask()
