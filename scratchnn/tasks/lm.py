"""``lm``: a language model of characters, Korean letters, or words, trained on any text."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from scratchnn.core import Model
from scratchnn.data import TokenStreams
from scratchnn.datasets import python_sources
from scratchnn.decoding import generate
from scratchnn.errors import DataError, whole_number
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.pretrained import check_known, unknown_share
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.text import END, LEVELS, UNKNOWN, Vocabulary, join_tokens, read_text, read_texts, tokenize
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

ARCHITECTURE = ("embedding_size", "hidden_size", "cell", "layers", "forget_bias", "dropout", "tied")


class LanguageModelTask(Task):
    """A text is read as one long sequence; the last twentieth, or another text, is the validation part."""

    name = "lm"
    title = "a language model"
    description = "Train a language model on a text."
    own = (
        Setting(
            "--data",
            "data",
            [],
            "UTF-8 text, plain or .gz (default: the sources of Python's standard library)",
            metavar="FILE",
            many=True,
            aliases=("--text",),
            identity=False,  # the texts count by their content, see data_digest
        ),
        Setting(
            "--valid",
            "valid",
            None,
            "validation text (default: the last twentieth of the text)",
            metavar="FILE",
            identity=False,
        ),
        Setting("--level", "level", "char", "what a token is; a letter is a part of a Korean syllable", choices=LEVELS),
        Setting("--vocabulary", "vocabulary_size", 10000, "largest number of distinct tokens", int, "V", least=2),
        Setting("--cell", "cell", "lstm", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 256, "units in each recurrent layer", int, "H"),
        Setting("--embed", "embedding_size", None, "size of the embedding (default: H)", int, "D"),
        Setting("--layers", "layers", 1, "recurrent layers", int, "L"),
        Setting("--forget-bias", "forget_bias", 1.0, "initial bias of the LSTM's forget gate", float, "B"),
        Setting("--dropout", "dropout", 0.0, "dropout between layers", float, "P", inherited=False),
        Setting("--tie", "tied", False, "share embedding and output weights", bool),
        Setting("--window", "window", 64, "steps of truncated BPTT", int, "T", inherited=False),
    )
    sampling = (
        Setting("--length", "length", 300, "tokens to draw", int, "M"),
        Setting("--temperature", "temperature", 1.0, "below 1 is more cautious, 0 greedy", float),
        Setting("--top-k", "top_k", None, "draw among the K most probable tokens", int, "K"),
        Setting("--top-p", "top_p", None, "draw among the most probable tokens of probability P", float, "P"),
        Setting("--seed", "seed", 0, "of the draws", int, least=0),
    )
    defaults: ClassVar = {"clip": 0.25}
    rates: ClassVar = {"adam": 0.002, "sgd": 20.0}
    metric = "perplexity"
    shown = ("perplexity",)
    decimals: ClassVar = {"perplexity": 2}
    model = LanguageModel

    def complete(self, settings: Values) -> None:
        """The embedding is as large as the hidden state unless it is given."""
        if settings["embedding_size"] is None:
            settings["embedding_size"] = settings["hidden_size"]

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Vocabulary of the training text, ids of the training and of the validation text."""
        text = read_texts(settings["data"]) if settings["data"] else python_sources()
        text, valid = split_text(text) if settings["valid"] is None else (text, read_text(settings["valid"]))
        level, size = settings["level"], settings["vocabulary_size"]
        known = parts is not None
        parts = parts or {"vocabulary": Vocabulary.build(tokenize(text, level), specials=(UNKNOWN,), max_size=size)}
        vocabulary = parts["vocabulary"]
        train_ids, valid_ids = (vocabulary.encode(tokenize(part, level)) for part in (text, valid))
        if len(valid_ids) < 2 and settings["valid"] is None:
            raise DataError(
                f"the text has {len(train_ids) + len(valid_ids)} tokens, and its last twentieth is too short for "
                "validation; give a longer text with --data, or another one with --valid FILE"
            )
        if len(valid_ids) < 2:
            raise DataError("the validation text has fewer than two tokens; give a longer one with --valid FILE")
        if known:
            check_known([train_ids], vocabulary, "--from")
        return Data(
            parts,
            train_ids,
            valid_ids,
            hashlib.sha256(train_ids.tobytes() + valid_ids.tobytes()).hexdigest(),
            f"{len(train_ids):,} tokens to learn, {len(valid_ids):,} to validate, {len(vocabulary):,} distinct",
        )

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """The vocabulary's size and the architecture."""
        return {"vocabulary_size": len(parts["vocabulary"]), **{name: settings[name] for name in ARCHITECTURE}}

    def batches(self, train: np.ndarray, settings: Values, parts: Parts) -> TokenStreams:
        """Streams read side by side, the state carried from window to window until a stream restarts."""
        return TokenStreams(train, settings["batch_size"], settings["window"], seed=settings["seed"])

    def evaluate(self, model: Model, examples: np.ndarray, settings: Values, parts: Parts) -> dict[str, float]:
        """Loss and perplexity over the whole text, read once with the state carried on."""
        assert isinstance(model, LanguageModel)
        return model.figures(evaluate_text(model, examples)[0])

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> np.ndarray:
        """The ids of a text."""
        ids: np.ndarray = parts["vocabulary"].encode(tokenize(read_texts(list(files)), settings["level"]))
        return ids

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss in nats and bits, perplexity, and how much of the text the vocabulary does not have."""
        vocabulary, level = trained.parts["vocabulary"], trained.settings["level"]
        ids = self.examples(files, trained.settings, trained.parts)
        loss, count = evaluate_text(trained.model, ids)
        yield f"{count:,} {level}s predicted, {unknown_share(ids, vocabulary):.2%} of the text <unk>"
        perplexity = trained.model.figures(loss)["perplexity"]
        yield f"loss {loss:.4f} nats, {loss / math.log(2):.4f} bits per {level}, perplexity {perplexity:.2f}"

    def predict(self, trained: Trained, lines: Any, options: Values) -> Iterator[str]:
        """A language model continues a text, which is what ``sample`` does."""
        raise DataError(f"{trained.place} contains a language model; let it continue a text with sample --prompt TEXT")

    def sample(self, trained: Trained, prompt: str, options: Values) -> str:
        """The prompt and a continuation."""
        settings = dict(options)
        rng = np.random.default_rng(settings.pop("seed"))
        length = settings.pop("length")
        vocabulary, level = trained.parts["vocabulary"], trained.settings["level"]
        return continue_text(trained.model, vocabulary, level, prompt, length, rng, **settings)


def split_text(text: str) -> tuple[str, str]:
    """Training and validation text: all but the last twentieth, and that. Cut at a line end or a space if one is near."""
    least, most = len(text) - len(text) // 10, len(text) - len(text) // 20
    for mark in ("\n", " "):
        cut = text.rfind(mark, least, most) + 1
        if cut:
            return text[:cut], text[cut:]
    return text[:most], text[most:]


def continue_text(
    model: LanguageModel,
    vocabulary: Vocabulary,
    level: str,
    prompt: str,
    length: int,
    rng: np.random.Generator,
    **options: Any,
) -> str:
    """The prompt and ``length`` drawn tokens, as text; an empty prompt means the start of a line."""
    whole_number(length, "--length")
    start = END if level == "word" else "\n"
    tokens = list(tokenize(prompt, level)) or [start]
    if level == "word" and len(tokens) > 1 and not prompt.endswith("\n"):
        tokens.pop()  # the end of the line, which the text is to continue
    if not any(token in vocabulary for token in tokens):
        if prompt:
            raise DataError(f"the vocabulary has no token of the prompt {prompt!r}; choose another --prompt")
        raise DataError("the vocabulary has no line start; pass --prompt")
    avoid = [] if vocabulary.unknown is None else [vocabulary.unknown]
    with model.evaluation():
        drawn = generate(model.step, vocabulary.encode(tokens), length, rng, avoid=avoid, **options)
    shown = tokens if prompt else []
    return join_tokens([*shown, *vocabulary.decode(drawn)], level)


KIND = LanguageModelTask()
