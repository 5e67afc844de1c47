"""A translator for chapter 12: a model with the tokens of both sides, its training, its search, and checks of a search."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from scratchnn.beam import Found, beam_search
from scratchnn.book.examples.ch12 import Pair
from scratchnn.data import Pairs
from scratchnn.decoding import Step, generate
from scratchnn.functions import log_softmax
from scratchnn.inspection.alignments import AlignmentMap
from scratchnn.models.decoder_state import DecoderState
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.optim import Adam, clip_by_norm
from scratchnn.tasks.answers import cutter, search, text_of
from scratchnn.text import BEGIN, END, PADDING, UNKNOWN, Vocabulary, texts_to_sequences
from scratchnn.text.pieces import learn_pieces

RARE = 10  # a word that occurs less often is no token


class Translator:
    """Two vocabularies, and a model between them: an encoder in one direction, dot attention.

    Args:
        train: the pairs from which both vocabularies are made.
        pieces: pieces per side; with 0, tokens are the words that occur at least ``RARE`` times, all others ``<unk>``.
        seed: of the first weights and of the order of batches.
        units: D and H.
    """

    def __init__(self, train: Sequence[Pair], pieces: int = 0, seed: int = 0, units: int = 64):
        self.settings, self.seed = {"level": "piece" if pieces else "word"}, seed
        self.parts = {}
        for name, texts in zip(("source_vocabulary", "target_vocabulary"), zip(*train, strict=True), strict=True):
            words = (token for text in texts for token in text.split())
            self.parts[name] = learn_pieces(texts, pieces) if pieces else Vocabulary.build(words, min_count=RARE)
        self.source, self.target = self.parts.values()
        self.begin, self.end = (self.target.ids[mark] for mark in (BEGIN, END))
        self.avoid = tuple(self.target.ids[mark] for mark in (PADDING, UNKNOWN, BEGIN))  # ids that are never written
        sizes, rng = (len(self.source), len(self.target)), np.random.default_rng(seed)
        self.model = Seq2Seq(*sizes, embedding_size=units, hidden_size=units, attention="dot", rng=rng)

    def encode(self, texts: Sequence[str], vocabulary: Vocabulary) -> list[np.ndarray]:
        """Ids of each text."""
        return texts_to_sequences(texts, vocabulary, cutter(vocabulary, self.settings))

    def covers(self, pair: Pair) -> bool:
        """Whether all tokens of both sides are in the vocabularies."""
        both = zip(pair, (self.source, self.target), strict=True)
        return all(vocabulary.unknown not in self.encode([text], vocabulary)[0] for text, vocabulary in both)

    def text(self, ids: Sequence[int]) -> str:
        """The text of target ids."""
        return text_of(ids, self.settings, self.parts)

    def batches(self, pairs: Sequence[Pair], batch_size: int) -> Pairs:
        """Pairs for teacher forcing."""
        sources, targets = (
            self.encode(texts, vocabulary)
            for texts, vocabulary in zip(zip(*pairs, strict=True), (self.source, self.target), strict=True)
        )
        return Pairs(sources, targets, batch_size, begin=self.begin, end=self.end, seed=self.seed)

    def learn(self, pairs: Sequence[Pair], steps: int, lr: float = 0.01) -> Translator:
        """Train for so many steps with batches of 32 pairs; the learning rate falls to zero like a cosine."""
        batches, optimizer = self.batches(pairs, 32), Adam(self.model.parameters(), lr)
        for step in range(steps):
            optimizer.lr = float(lr * (1 + np.cos(np.pi * step / steps)) / 2)
            self.model.loss(batches.batch(*divmod(step, len(batches))), None)
            self.model.backward_loss()
            clip_by_norm(self.model.parameters(), 5.0)
            optimizer.step()
            self.model.clear_gradients()
        return self

    def loss(self, pairs: Sequence[Pair]) -> float:
        """Mean loss per target token, <eos> included, in nats."""
        batch = self.batches(pairs, len(pairs)).pick(np.arange(len(pairs)))
        with self.model.evaluation():
            loss, _, _ = self.model.loss(batch, None)
        return float(loss)

    def search(self, sources: Sequence[str], beam: int = 1, length_norm: float = 1.0, limit: int = 40) -> list[list[Found]]:
        """What a beam search finds for each source, best first."""
        how = {"beam": beam, "length_norm": length_norm, "limit": limit}
        return search(self.model, self.encode(sources, self.source), how, self.parts)

    def answers(self, sources: Sequence[str], **how: Any) -> list[str]:
        """The best text for each source."""
        return [self.text(found[0].ids) for found in self.search(sources, **how)]

    def sample(self, source: str, rng: np.random.Generator) -> str:
        """An answer drawn token by token."""
        (ids,) = self.encode([source], self.source)
        state = self.model.start(ids[None], np.array([len(ids)]))
        return self.text(generate(self.model.step, [self.begin], 40, rng, avoid=self.avoid, state=state, end=self.end))

    def map(self, source: str) -> AlignmentMap:
        """What attention reads while the model writes its greedy answer."""
        (ids,), (found, *_) = self.encode([source], self.source), self.search([source])[0]
        inputs = np.array([[self.begin, *found.ids]])
        weights = self.model.alignments(ids[None], np.array([len(ids)]), inputs, np.array([inputs.shape[1]]))[0]
        return AlignmentMap(weights, self.source.decode(ids), [*self.target.decode(found.ids), END][: len(weights)])

    def without_avoided(self, z: np.ndarray) -> np.ndarray:
        """Logits (..., V) with minus infinity for ids that are never written."""
        z = z.astype(np.float64)
        z[..., list(self.avoid)] = -np.inf
        return z

    def step(self, ids: np.ndarray, state: DecoderState) -> tuple[np.ndarray, DecoderState]:
        """The model's step, never to write what is to be avoided."""
        z, state = self.model.step(ids, state)
        return self.without_avoided(z), state


# --- searches and their scores ---------------------------------------------------------------------------------------


def search_one_by_one(translator: Translator, sources: Sequence[str], width: int, select: Callable) -> list[Found]:
    """The best sequence for each source; ``select`` takes the state to other rows, as ``Seq2Seq.select`` does."""
    model, avoid, best = translator.model, translator.avoid, []
    marks = translator.begin, translator.end
    for ids in translator.encode(sources, translator.source):
        state = model.start(ids[None], np.array([len(ids)]))
        found = beam_search(model.step, state, *marks, beam=width, limit=40, avoid=avoid, select=select)
        best.append(found[0][0])
    return best


def forced_score(translator: Translator, source: str, found: Found) -> float:
    """The mean log-probability per token of what was found, from one pass with these tokens as inputs."""
    (ids,) = translator.encode([source], translator.source)
    written = [*found.ids, translator.end] if found.ended else found.ids
    inputs = np.array([[translator.begin, *written[:-1]]])
    with translator.model.evaluation():
        z = translator.model.forward(ids[None], np.array([len(ids)]), inputs, np.array([inputs.shape[1]]))[0]
    return float(log_softmax(translator.without_avoided(z))[np.arange(len(written)), written].mean())


def random_language(tokens: int, seed: int) -> Step:
    """A step function whose logits depend on all tokens so far: a language without any rule, for checks of a search."""

    def step(ids: np.ndarray, state: tuple[int, ...] | None) -> tuple[np.ndarray, tuple[int, ...]]:
        history = (*(state or ()), int(ids[0, -1]))
        return 1.5 * np.random.default_rng([seed, *history]).standard_normal((1, tokens)), history

    return step


def sacrebleu_score(answers: Sequence[str], references: Sequence[str]) -> float | None:
    """BLEU by sacrebleu, with words between spaces; None where it is not installed."""
    try:
        from sacrebleu.metrics import BLEU
    except ImportError:
        return None
    metric = BLEU(tokenize="none", smooth_method="none", force=True)
    return float(metric.corpus_score(list(answers), [list(references)]).score)
