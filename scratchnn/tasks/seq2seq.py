"""``seq2seq``: a line in, a line out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import Pairs
from scratchnn.datasets.generated.number_words import number_words
from scratchnn.decoding import generate
from scratchnn.metrics import exact_match
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.tables import EXAMPLES, VALID, digest_of, read_pairs, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.text import Vocabulary, join_tokens, texts_to_sequences, tokenize
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

GENERATED = 1000  # numbers in words
WHAT = "a source and its target"
LIMIT = Setting("--limit", "limit", 100, "largest number of tokens in an answer", int, "M")

Example = tuple[np.ndarray, np.ndarray]  # ids of the source, ids of the target


class Seq2SeqTask(Task):
    """Pairs of lines with a tab between them; source and target have vocabularies of their own."""

    name = "seq2seq"
    title = "a sequence-to-sequence model"
    description = "Train a model that turns one line into another. A line of a file is a source, a tab, and its target."
    own = (
        EXAMPLES,
        VALID,
        Setting("--level", "level", "char", "what a token is", choices=("char", "letter", "word")),
        Setting("--cell", "cell", "lstm", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 128, "units of encoder and decoder", int, "H"),
        Setting("--embed", "embedding_size", 32, "size of the embeddings", int, "D"),
    )
    prediction = (LIMIT,)
    defaults: ClassVar = {"epochs": 30}
    rates: ClassVar = {"adam": 0.005}
    metric = "exact match"
    higher_is_better = True
    shown = ("loss", "exact match")
    part_names = ("source_vocabulary", "target_vocabulary")
    model = Seq2Seq

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabularies of the training part, and both parts as ids."""
        pairs = read_pairs(settings["data"], WHAT) if settings["data"] else number_words(GENERATED, seed=0)
        train, valid = split(pairs, settings["seed"]) if settings["valid"] is None else (pairs, [])
        if settings["valid"] is not None:
            valid = read_pairs([settings["valid"]], WHAT)
        level = settings["level"]
        parts = parts or {
            f"{side}_vocabulary": Vocabulary.build(token for pair in train for token in tokenize(pair[k], level))
            for k, side in enumerate(("source", "target"))
        }
        sizes = " and ".join(str(len(vocabulary)) for vocabulary in parts.values())
        note = f"{len(train):,} pairs to learn, {len(valid):,} to validate, vocabularies of {sizes} tokens"
        train_examples, valid_examples = (self.encode(part, settings, parts) for part in (train, valid))
        return Data(parts, train_examples, valid_examples, digest_of(train, valid), note)

    def encode(self, pairs: Sequence[tuple[str, str]], settings: Values, parts: Parts) -> list[Example]:
        """Both sides as ids."""
        sides = [
            texts_to_sequences([pair[k] for pair in pairs], parts[name], settings["level"])
            for k, name in enumerate(self.part_names)
        ]
        return list(zip(*sides, strict=True))

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of both vocabularies, and the architecture."""
        sizes = {"source_size": len(parts["source_vocabulary"]), "target_size": len(parts["target_vocabulary"])}
        return {**sizes, **{name: settings[name] for name in ("embedding_size", "hidden_size", "cell")}}

    def batches(self, train: list[Example], settings: Values, parts: Parts) -> Pairs:
        """Pairs with teacher forcing, in another order in each epoch."""
        sources, targets = zip(*train, strict=True)
        target = parts["target_vocabulary"]
        return Pairs(sources, targets, settings["batch_size"], begin=target.begin, end=target.end, seed=settings["seed"])

    def evaluate(self, model: Model, examples: list[Example], settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per target token, and the share of targets that are right from start to end."""
        assert isinstance(model, Seq2Seq)
        batches = self.batches(examples, settings, parts)
        total, tokens = 0.0, 0
        name = backend_name(model.parameters()[0].data)
        with model.evaluation():
            for k in range(len(batches)):
                loss, count, _ = model.loss(tuple(move(part, name) for part in batches.batch(0, k)), None)
                total, tokens = total + float(to_numpy(loss)) * count, tokens + count
            answers = [self.answer(model, source, parts, LIMIT.default) for source, _ in examples]
        return {"loss": total / tokens, "exact match": exact_match(answers, [target.tolist() for _, target in examples])}

    def answer(self, model: Seq2Seq, source: np.ndarray, parts: Parts, limit: int) -> list[int]:
        """The target that the model writes for a source (S,), always its most probable next token."""
        target = parts["target_vocabulary"]
        return generate(
            model.step,
            [target.begin],
            limit,
            np.random.default_rng(0),
            temperature=0,
            avoid=[target.padding, target.unknown, target.begin],
            state=model.start(source[None], np.array([len(source)])),
            end=target.end,
        )

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Example]:
        """Pairs, by the vocabularies of a trained model."""
        return self.encode(read_pairs(files, WHAT), settings, parts)

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The target of each source."""
        level, target = trained.settings["level"], trained.parts["target_vocabulary"]
        for source in texts_to_sequences(list(lines), trained.parts["source_vocabulary"], level):
            yield join_tokens(target.decode(self.answer(trained.model, source, trained.parts, options["limit"])), level)


KIND = Seq2SeqTask()
