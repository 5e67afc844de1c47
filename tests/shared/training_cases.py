"""A small language to learn, and trainers that learn it."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.core import Layer, Model, Parameter
from scratchnn.data import TokenStreams
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.training import Trainer

V = 6


def language(length: int, seed: int = 0) -> np.ndarray:
    """Ids in which each is followed by the next one, except that one in five is random."""
    rng = np.random.default_rng(seed)
    ids = [0]
    for _ in range(length - 1):
        ids.append(int(rng.integers(V)) if rng.random() < 0.2 else (ids[-1] + 1) % V)
    return np.array(ids, dtype=np.int32)


def model_of(size: int = 8, seed: int = 0, **options: Any) -> LanguageModel:
    """A small model; the same seed gives the same model."""
    return LanguageModel(V, embedding_size=size, hidden_size=size, rng=np.random.default_rng(seed), **options)


def trainer_of(
    model: Any = None,
    lr: float = 0.1,
    ids: Any = None,
    optimizer: Any = SGD,
    batch: int = 4,
    window: int = 5,
    restart: float = 0.0,
    **options: Any,
) -> Trainer:
    """A trainer with ten batches per epoch unless other ids are given; its streams restart with each epoch only."""
    model = model_of() if model is None else model
    ids = language(201) if ids is None else ids
    streams = TokenStreams(ids, batch, window, restart=restart)
    return Trainer(model, optimizer(model.parameters(), lr), streams, **options)


def copies(model: Layer) -> dict[str, np.ndarray]:
    """The parameters as they are now."""
    return {name: value.copy() for name, value in model.state_dict().items()}


def unchanged(model: Layer, before: dict[str, np.ndarray]) -> bool:
    """Whether the parameters are still equal to ``before``."""
    return all((value == before[name]).all() for name, value in model.state_dict().items())


class Recorder(Model):
    """Adds up the ids that it reads, per stream, and records the states that it is called with: the first, and each."""

    def __init__(self) -> None:
        super().__init__()
        self.W = Parameter(np.zeros(1, dtype="float32"))
        self.states: list[int | None] = []
        self.each: list[list[int] | None] = []

    def loss(self, batch: tuple, state: Any) -> tuple:
        """A loss of 1, and the sum so far as the state."""
        self.states.append(None if state is None else int(state[0]))
        self.each.append(None if state is None else state.tolist())
        self.push(None)
        return np.float32(1.0), batch[0].size, batch[0].sum(axis=1) + (0 if state is None else state)

    def backward_loss(self, dloss: float = 1.0) -> None:
        """A gradient of 1."""
        self.pop()
        self.W.accumulate(np.ones(1, dtype="float32"))
