"""Trains word vectors: piece by piece of the text, block by block, with a learning rate that decreases linearly to zero.

All random choices of a piece (subsampling, window sizes, noise) come from a new generator, seeded with the run's seed, the
epoch and the number of the piece. So the position in the text determines them, and a run that was killed and resumed ends
with the same bits as an uninterrupted one.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array, array_module, seed_from, threads_for, to_numpy
from scratchnn.errors import DataError, NonFiniteError, whole_number
from scratchnn.terminal import Estimate, progress_bar
from scratchnn.training.progress import load_progress, plain, refuses_damage, save_progress
from scratchnn.word2vec.blocks import CBOWBlock, CBOWBlocks, SkipGramBlock, SkipGramBlocks
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.keyed_vectors import KeyedVectors
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities, linear_decay
from scratchnn.word2vec.tables import Tables

CBOW, SKIP_GRAM = "cbow", "skipgram"
MODELS = (CBOW, SKIP_GRAM)
COLUMNS = ("words", "epoch", "loss", "alpha", "words_per_second")
POSITION = ("epoch", "piece", "words")  # of a run, saved in its checkpoint
ALPHA = {CBOW: 0.05, SKIP_GRAM: 0.025}  # initial learning rates, as in word2vec.c
LEAST_ALPHA = 1e-4  # of the initial learning rate, as in word2vec.c
NOISE = {CBOW: 0.25, SKIP_GRAM: 1.0}  # noise words per position; all positions of a block share them
LARGEST_PULL = 4.0  # see Word2VecTrainer.block_size
LOSS_EVERY = 32  # compute the loss of one block in 32
CHECKPOINT_EVERY = 100_000  # steps: a minute or so
RECORDS = 50  # largest number of rows that an epoch adds to the history


class Word2VecTrainer:
    """Trains word vectors by CBOW or skip-gram with negative sampling.

    Args:
        corpus: the text.
        model: ``"cbow"`` or ``"skipgram"``.
        epochs: number of passes over the text.
        size: D, the dimensions of a vector.
        window: largest distance between the two words of a pair.
        negative: noise words per true word.
        sample: threshold above which frequent words are subsampled; 0 keeps all words.
        alpha: initial learning rate; defaults to that of ``ALPHA``.
        block: largest number of positions in a block.
        seed: seed of the initial word vectors and of all random choices.
        device: ``"numpy"`` or ``"cupy"``.
        checkpoint: file for checkpoints; no checkpoints if None.
        checkpoint_every: steps between two checkpoints, rounded up to whole pieces of the text; a step is a block. Each
            epoch also ends with a checkpoint.
        on_epoch: called with the trainer after each epoch and its checkpoint. If it raises, nothing is lost.
        progress: whether to show a progress bar (on a terminal or in a notebook), and after some seconds how long it takes.
        identity: plain values that must be equal in a checkpoint for it to be resumed.

    Attributes:
        tables: both tables.
        epoch, piece: completed epochs, and completed pieces of the current epoch.
        words: words read in all epochs.
        rows: the history, with ``COLUMNS``; ``loss`` is the mean since the previous row, in nats per true word and its
            noise words, None if there was no true word.
    """

    def __init__(
        self,
        corpus: Corpus,
        model: str,
        *,
        epochs: int = 5,
        size: int = 100,
        window: int = 5,
        negative: int = 5,
        sample: float = 1e-3,
        alpha: float | None = None,
        block: int = 64,
        seed: int = 0,
        device: str = "numpy",
        checkpoint: Path | None = None,
        checkpoint_every: int = CHECKPOINT_EVERY,
        on_epoch: Callable[[Word2VecTrainer], None] | None = None,
        progress: bool = True,
        identity: dict[str, Any] | None = None,
    ):
        if model not in MODELS:
            raise DataError(f"unknown model {model!r}; choose one of {', '.join(MODELS)}")
        sizes = {"epochs": epochs, "size": size, "window": window, "negative": negative, "block": block}
        for name, value in sizes.items():
            whole_number(value, f"Word2VecTrainer: {name}")
        if alpha is not None and not alpha > 0:
            raise DataError(f"Word2VecTrainer: alpha must be above 0, got {alpha}")
        if window >= corpus.words:
            raise DataError(f"a window of {window} words to either side is larger than the text, which has {corpus.words}")
        if not corpus.has_pairs():
            raise DataError(
                "no line of the text has two words of the vocabulary, so there are no pairs to learn from; write each "
                "sentence in one line, or lower --min-count"
            )
        self.corpus, self.model, self.epochs = corpus, model, epochs
        self.window, self.negative, self.seed = window, negative, seed
        self.alpha = ALPHA[model] if alpha is None else alpha
        self.checkpoint = checkpoint
        self.checkpoint_every = whole_number(checkpoint_every, "Word2VecTrainer: checkpoint_every")
        self.on_epoch, self.progress = on_epoch, progress
        self.identity = plain(identity or {})
        self.keep = keep_probabilities(corpus.counts, sample)
        self.noise = NoiseSampler(corpus.counts)
        self.block = self.block_size(block)
        self.tables = Tables(len(corpus.vocabulary), size, rng=np.random.default_rng(seed))
        self.tables.to(device)
        self.epoch = self.piece = self.words = 0
        self.rows: list[dict[str, Any]] = []
        self._open = [0.0, 0, 0, 0.0]  # since the last row: sum of the losses, true words in it, words read, seconds
        self.unsaved = False  # whether the epoch that has ended is still to be saved

    def block_size(self, wanted: int) -> int:
        """Positions in a block: ``wanted``, or fewer if one word makes up a large part of the text.

        A step changes a word's vector by the sum of the gradients of all its occurrences in the block. If that sum is too
        large, the step overshoots, the next one overshoots further, and training diverges. So its mean, the learning rate
        times the number of true words and noise words paired with the most frequent word, is kept below ``LARGEST_PULL``.
        """
        left = self.keep * self.corpus.counts  # expected count of each word after subsampling
        pull = self.alpha * (self.window + 1) * (self.negative + 1) * left.max() / left.sum()  # window + 1 pairs each
        return min(wanted, max(int(LARGEST_PULL / pull), 1))

    def vectors(self) -> KeyedVectors:
        """The current word vectors."""
        return KeyedVectors(self.corpus.vocabulary.tokens, self.tables.W_in.data)

    def done(self) -> bool:
        """Whether all epochs are completed."""
        return self.epoch >= self.epochs

    # --- the loop ----------------------------------------------------------------------------------------------------

    def fit(self) -> KeyedVectors:
        """Train until all epochs are completed; returns the word vectors."""
        what = "the rest" if self.words else f"{self.epochs} epoch{'s' if self.epochs > 1 else ''}"
        estimate = Estimate(what, self.epochs * self.corpus.words - self.words)
        self._save_epoch()
        while not self.done():
            with threads_for(0):  # the products of a block are small
                self._run_epoch(estimate)
            self.epoch += 1
            self.piece = 0
            self.unsaved = True
            self._save_epoch()
            if self.on_epoch is not None:
                self.on_epoch(self)
        return self.vectors()

    def _save_epoch(self) -> None:
        """Write the checkpoint of the epoch that has ended, unless that is done already."""
        if self.unsaved:
            self.save()
            self.unsaved = False

    def _run_epoch(self, estimate: Estimate) -> None:
        steps, clock = 0, time.perf_counter()  # steps since the last checkpoint
        total, true_words = 0.0, 0  # of the losses, for the bar
        every = math.ceil(self.corpus.pieces / RECORDS)
        with progress_bar(
            show=self.progress,
            total=self.corpus.words,
            initial=self.words - self.epoch * self.corpus.words,
            desc=f"epoch {self.epoch + 1}/{self.epochs}",
            unit="word",
            unit_scale=True,
        ) as bar:
            for blocks, words in self.prepared():
                loss, count = (0.0, 0) if blocks is None else self.learn(blocks, words)
                self.piece += 1
                self.words += words
                now = time.perf_counter()
                self._open = [a + b for a, b in zip(self._open, (loss, count, words, now - clock), strict=True)]
                clock = now
                total, true_words = total + loss, true_words + count
                bar.set_postfix_str(f"loss {total / true_words:.4f}" if true_words else "", refresh=False)
                bar.update(words)
                if self.progress:
                    estimate.update(self.words, bar)
                last = self.piece == self.corpus.pieces
                if last or self.piece % every == 0:
                    self._record()
                steps += 0 if blocks is None else len(blocks)
                if not last and steps >= self.checkpoint_every:
                    self.save()
                    steps = 0

    def prepared(self) -> Iterator[tuple[CBOWBlocks | SkipGramBlocks | None, int]]:
        """The remaining pieces of this epoch: blocks, None if subsampling leaves no word, and words read."""
        for number, (ids, sentences, words) in enumerate(self.corpus.read(self.piece), self.piece):
            rng = np.random.default_rng(seed_from(self.seed, self.epoch, number))
            kept = rng.random(len(ids)) < self.keep[ids]
            ids, sentences = ids[kept], sentences[kept]
            count = math.ceil(len(ids) / self.block)
            if not count:
                yield None, words
                continue
            reach = rng.integers(1, self.window + 1, len(ids))
            noise = self.noise.draw((count, math.ceil(NOISE[self.model] * self.block)), rng)
            kind = CBOWBlocks if self.model == CBOW else SkipGramBlocks
            sizes = {"window": self.window, "block": self.block, "vocabulary_size": len(self.keep)}
            blocks = kind(ids, sentences, reach, noise, negative=self.negative, **sizes)
            yield blocks, words

    def learn(self, blocks: CBOWBlocks | SkipGramBlocks, words: int) -> tuple[float, int]:
        """Train on the blocks of one piece of the text, of ``words`` words.

        Returns:
            The loss summed over the true words of some of the blocks, and the number of these words.
        """
        losses, true_words = [], 0
        with np.errstate(over="ignore", invalid="ignore"):  # reported by the check of the loss
            for k in range(len(blocks)):
                block, with_loss = blocks.block(k), k % LOSS_EVERY == 0
                loss = self.step(block, self.rate(words * k / len(blocks)), with_loss)
                if with_loss:
                    losses.append(loss)
                    true_words += block.true_words
        total = float(to_numpy(array_module(losses[0]).stack(losses)).sum(dtype=np.float64))
        if not math.isfinite(total):
            raise NonFiniteError(f"the loss is {total} within {self.words + words:,} words; lower the learning rate")
        return total, true_words

    def step(self, block: CBOWBlock | SkipGramBlock, lr: float, with_loss: bool) -> Array | None:
        """One step of the model; window + 1 is the mean number of context words of a position."""
        if isinstance(block, CBOWBlock):
            return self.tables.step_cbow(block, lr, self.window + 1, with_loss)
        return self.tables.step_skip_gram(block, lr, with_loss)

    def rate(self, ahead: float = 0.0) -> float:
        """The learning rate ``ahead`` words after the words read so far."""
        progress = (self.words + ahead) / (self.epochs * self.corpus.words)
        return linear_decay(self.alpha, progress, LEAST_ALPHA * self.alpha)

    def mean_loss(self) -> float:
        """The mean loss since the last row of the history; NaN if there was no true word."""
        return self._open[0] / self._open[1] if self._open[1] else math.nan

    def epoch_means(self, epoch: int) -> tuple[float | None, float]:
        """Means over one epoch, from 1, by the words of each row: the loss, None if there was no true word, and words/s."""
        loss = weight = words = seconds = 0.0
        before = (epoch - 1) * self.corpus.words
        for row in self.rows:
            if row["epoch"] != epoch:
                continue
            read, before = row["words"] - before, row["words"]
            words += read
            seconds += read / row["words_per_second"] if row["words_per_second"] else 0.0
            if row["loss"] is not None:
                loss += row["loss"] * read
                weight += read
        return loss / weight if weight else None, words / seconds if seconds else 0.0

    def _record(self) -> None:
        """Append a row to the history."""
        _, count, words, seconds = self._open
        loss = self.mean_loss() if count else None
        values = (self.words, self.epoch + 1, loss, self.rate(), words / seconds if seconds else 0.0)
        self.rows.append(dict(zip(COLUMNS, values, strict=True)))
        self._open = [0.0, 0, 0, 0.0]

    # --- checkpoints -------------------------------------------------------------------------------------------------

    def save(self) -> None:
        """Write the checkpoint, if there is a file for it."""
        if self.checkpoint is not None:
            meta = {"rows": self.rows, "open": self._open, **{name: getattr(self, name) for name in POSITION}}
            save_progress(self.checkpoint, type(self).__name__, self.identity, self.tables.state_dict(), meta)

    @refuses_damage
    def resume(self) -> bool:
        """Continue from the checkpoint file if it exists; returns whether it did."""
        found = load_progress(self.checkpoint, type(self).__name__, self.identity)
        if found is None:
            return False
        arrays, meta = found
        self.tables.load_state_dict(arrays)
        self.rows, self._open = list(meta["rows"]), list(meta["open"])
        for name in POSITION:
            setattr(self, name, meta[name])
        return True
