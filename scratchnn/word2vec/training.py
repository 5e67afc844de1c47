"""Training word vectors: piece after piece of the text, block after block, at a learning rate that falls on a line to zero.

All random choices of a piece (words skipped, window sizes, noise) come from a generator that starts anew from the run's seed,
the epoch and the piece's number. So the position in the text stands for them, and a run that was killed and resumed ends with
the same bits as one that was not.
"""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

from scratchnn.backend import array_module, seed_from, to_numpy
from scratchnn.checkpoint import load_arrays, save_arrays
from scratchnn.errors import CheckpointError, DataError, NonFiniteError, whole_number
from scratchnn.files import write_atomically
from scratchnn.word2vec.block_step import BlockModel
from scratchnn.word2vec.blocks import MODELS, Blocks
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.keyed_vectors import KeyedVectors
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities, linear_decay

COLUMNS = ("epoch", "words", "loss", "alpha", "words_per_second")
LOSS_EVERY = 16  # blocks; the loss of the others is not computed
LEAST_ALPHA = 1e-4  # of the first learning rate
RECORDS = 50  # rows of the history in an epoch, where it has as many pieces


class Word2VecTrainer:
    """Trains the two tables of CBOW or skip-gram with negative sampling.

    Args:
        corpus: the text.
        model: ``"cbow"`` or ``"skipgram"``.
        size: D, numbers a word.
        window: largest distance of a word from those it is paired with.
        negative: noise words that each true word is told from.
        sample: threshold above which frequent words are thinned out; 0 keeps them all.
        alpha: first learning rate.
        block: positions in a block.
        seed: of the first word vectors and of all random choices.
        device: ``"numpy"`` or ``"cupy"``.
        checkpoint: file for checkpoints; none where absent.
        checkpoint_every: seconds between two checkpoints; there is always one after an epoch.
        on_epoch: called with the trainer after each epoch, before its checkpoint.
        progress: whether to show a progress bar (on a terminal).
        identity: plain values that a checkpoint must agree with to be continued.

    Attributes:
        tables: the model's two tables.
        epoch, piece: epochs done, and pieces of the text done in the one after them.
        words: words read so far, in all epochs.
        rows: the history, by ``COLUMNS``; losses are means in nats of a true word and its noise.
    """

    def __init__(
        self,
        corpus: Corpus,
        model: str,
        *,
        size: int = 100,
        window: int = 5,
        negative: int = 5,
        sample: float = 1e-3,
        alpha: float = 0.025,
        block: int = 64,
        seed: int = 0,
        device: str = "numpy",
        checkpoint: Path | None = None,
        checkpoint_every: float = 60,
        on_epoch: Callable[[Word2VecTrainer], None] | None = None,
        progress: bool = True,
        identity: dict[str, Any] | None = None,
    ):
        if model not in MODELS:
            raise DataError(f"unknown model {model!r}; choose one of {', '.join(MODELS)}")
        for value, name in ((size, "--dim"), (window, "--window"), (negative, "--negative"), (block, "--block")):
            whole_number(value, name)
        if not alpha > 0:
            raise DataError(f"--alpha must be above 0, got {alpha}")
        if window >= corpus.words:
            raise DataError(f"the text has {corpus.words} words, a window reaches {window} to either side; lower --window")
        self.corpus, self.model = corpus, model
        self.window, self.negative, self.block, self.alpha, self.seed = window, negative, block, alpha, seed
        self.checkpoint, self.checkpoint_every = checkpoint, checkpoint_every
        self.on_epoch, self.progress, self.identity = on_epoch, progress, identity or {}
        self.keep = keep_probabilities(corpus.counts, sample)
        self.noise = NoiseSampler(corpus.counts)
        self.tables = BlockModel(len(corpus.vocabulary), size, rng=np.random.default_rng(seed))
        self.tables.to(device)
        self.epoch = self.piece = self.words = 0
        self.rows: list[dict[str, Any]] = []

    def vectors(self) -> KeyedVectors:
        """The word vectors as they are now."""
        return KeyedVectors(self.corpus.vocabulary.tokens, self.tables.W_in.data)

    # --- the loop ----------------------------------------------------------------------------------------------------

    def fit(self, epochs: int) -> KeyedVectors:
        """Train until ``epochs`` epochs are done in all; returns the word vectors."""
        saved = time.monotonic()
        while self.epoch < epochs:
            bar = tqdm(
                total=self.corpus.words,
                initial=self.words - self.epoch * self.corpus.words,
                desc=f"epoch {self.epoch + 1}/{epochs}",
                unit="word",
                unit_scale=True,
                disable=None if self.progress else True,  # None: shown on a terminal only
                ncols=100,
            )
            with bar:
                recent = Recent()
                for ids, sentences, words in self.corpus.read(self.piece):
                    start = time.perf_counter()
                    loss = self.learn(ids, sentences, words, epochs * self.corpus.words)
                    self.piece += 1
                    self.words += words
                    recent.add(loss, words, time.perf_counter() - start)
                    bar.update(words)
                    if recent.pieces * RECORDS >= self.corpus.pieces:
                        self.rows.append(recent.row(self.epoch + 1, self.words, self.rate(0, epochs * self.corpus.words)))
                        bar.set_postfix_str(f"loss {self.rows[-1]['loss']:.4f}", refresh=False)
                        recent = Recent()
                    if time.monotonic() - saved >= self.checkpoint_every:
                        self.save()
                        saved = time.monotonic()
