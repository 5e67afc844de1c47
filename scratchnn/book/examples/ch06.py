"""Data that chapter 6 makes up, and measurements on it: sentences with a distant subject.

*near the dogs , the key behind the trees beside the rivers* is followed by *is*. The verb agrees with the subject alone;
every other noun may be in either number.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.optim import Adam, clip_by_norm
from scratchnn.recurrent import LSTM, SequenceLayer

SINGULAR = "key dog tree book car child house river".split()
PLURAL = "keys dogs trees books cars children houses rivers".split()
LEXICON = ["the", ",", *"near behind under beside".split(), *SINGULAR, *PLURAL]  # ids 0; 1; 2 to 5; 6 to 13; 14 to 21


def phrases(rng: np.random.Generator, N: int, count: int) -> np.ndarray:
    """Ids (N, 3 count) of ``count`` phrases: a preposition, *the*, and a noun in either number."""
    ids = np.zeros((N, count, 3), dtype=np.int32)
    ids[..., 0] = rng.integers(2, 6, (N, count))
    ids[..., 2] = rng.integers(6, len(LEXICON), (N, count))
    return ids.reshape(N, 3 * count)


def agreement(rng: np.random.Generator, N: int, before: int, between: int) -> tuple[np.ndarray, np.ndarray]:
    """Sentences up to the verb, and the verb.

    Args:
        rng: a NumPy generator.
        N: number of sentences.
        before, between: number of phrases before the comma, and between subject and verb.

    Returns:
        Ids (N, 3 before + 3 + 3 between), and the verb (N,): 0 for *is*, 1 for *are*, half of each.
    """
    number = np.arange(N, dtype=np.int32) % 2
    noun = 6 + len(SINGULAR) * number + rng.integers(0, len(SINGULAR), N, dtype=np.int32)
    subject = np.stack([np.ones_like(noun), np.zeros_like(noun), noun], axis=1)  # comma, the, noun
    parts = [phrases(rng, N, before), subject, phrases(rng, N, between)]
    return np.concatenate(parts, axis=1), number


def change_number(ids: np.ndarray, place: int) -> np.ndarray:
    """A copy of sentences (N, T) in which the noun at ``place`` has the other number: *key* for *keys*, and so on.

    Nouns are counted from 0: with one phrase before the comma, 0 is the noun of that phrase and 1 is the subject.
    """
    changed = ids.copy()
    column = 2 + 3 * place
    plural = ids[:, column] >= 6 + len(SINGULAR)
    changed[:, column] += np.where(plural, -len(SINGULAR), len(SINGULAR))
    return changed


def loss_of_one_weight(w: Any) -> tuple[Any, Any]:
    """Equation (5) of the chapter for one weight, or for each of an array: the loss and its derivative."""
    error = w**30 - 0.5
    return error**2 / 2, error * 30 * w**29


def descend(w: float, steps: int, lr: float, max_norm: float = np.inf) -> np.ndarray:
    """The weight before the first step and after each step of gradient descent, with the gradient clipped."""
    path = [w]
    for _ in range(steps):
        _, dw = loss_of_one_weight(path[-1])
        path.append(float(path[-1] - lr * dw * min(1.0, max_norm / abs(dw))))
    return np.array(path)


class Watch:
    """Notes the reach of the gradient and the mean of the last 20 losses before every ``every``-th step of a training."""

    def __init__(self, every: int):
        self.every = every
        self.norms: list[np.ndarray] = []
        self.losses: list[float] = []

    def __call__(self, step: int, model: Any, history: Sequence[float]) -> None:
        """Note both if it is time; before the first step the loss is that of guessing."""
        if step % self.every == 0:
            self.norms.append(reach(model))
            self.losses.append(float(np.mean(history[-20:]) if history else np.log(2)))


def train_agreement(
    model: Layer, rng: np.random.Generator, most: int, steps: int, watch: Watch | None = None, enough: float = 0.0
) -> tuple[Layer, np.ndarray]:
    """Train a network from ids (N, T) to logits (N, 2) on sentences with up to ``most`` phrases in between.

    Args:
        model: is trained in place.
        rng: draws the sentences.
        most, steps: phrases between subject and verb; steps of Adam, with gradients clipped at norm 1.
        watch: is called before each step.
        enough: training ends early once the mean of the last 20 losses is below it.

    Returns:
        The model and the loss of each step.
    """
    optimizer, history = Adam(model.parameters(), 0.01), list[float]()
    for step in range(steps):
        if watch is not None:
            watch(step, model, history)
        ids, verbs = agreement(rng, 32, int(rng.integers(0, 3)), int(rng.integers(0, most + 1)))
        loss, cache = softmax_cross_entropy_forward(model.forward(ids), verbs)
        model.backward(softmax_cross_entropy_backward(1.0, cache))
        clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
        model.clear_gradients()
        history.append(float(loss))
        if np.mean(history[-20:]) < enough:
            break
    return model, np.array(history)


def train_cells(
    make: Callable[..., Any], cells: Mapping[str, Any], longest: Sequence[int], seeds: Sequence[int], steps: int, every: int
) -> tuple[dict[str, list[Any]], dict[str, list[Watch]], dict[str, np.ndarray]]:
    """Train a network for each cell, each seed, and each distance.

    Args:
        make: makes a network from a cell's class and a random generator.
        cells: the classes by name.
        longest: the most phrases between subject and verb, of which the last are the longest sentences.
        seeds: of the networks and of their data.
        steps, every: steps of a training, and between two looks of a ``Watch``.

    Returns:
        For each cell, the networks of the longest sentences, one per seed; their watches; the shares of right verbs
        (seeds, distances), tested at the distance itself.
    """
    models: dict[str, list[Any]] = {name: [] for name in cells}
    watches: dict[str, list[Watch]] = {name: [] for name in cells}
    shares = {name: np.zeros((len(seeds), len(longest))) for name in cells}
    for name, cell in cells.items():
        for row, seed in enumerate(seeds):
            for column, most in enumerate(longest):
                rng, watch = np.random.default_rng(seed), Watch(every) if most == longest[-1] else None
                model, _ = train_agreement(make(cell, rng), rng, most, steps, watch)
                shares[name][row, column] = share_right(model, most)
                if watch is not None:
                    models[name].append(model)
                    watches[name].append(watch)
    return models, watches, shares


def time_to_learn(
    make: Callable[..., Any], cell: Any, most: int, seeds: Sequence[int]
) -> tuple[list[np.ndarray], list[int], list[float]]:
    """Train one network per seed until the mean of 20 losses is below 0.02.

    Returns:
        The losses of each seed, as means of 20 steps; the step from which they are below 0.1; the shares of right verbs.
    """
    curves, learned, shares = [], [], []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        model, history = train_agreement(make(cell, rng), rng, most, 900, enough=0.02)
        curves.append(np.convolve(history, np.ones(20) / 20, mode="valid"))
        learned.append(21 + int(np.flatnonzero(curves[-1] >= 0.1)[-1]))
        shares.append(share_right(model, most))
    return curves, learned, shares


def answers(model: Layer, ids: np.ndarray) -> np.ndarray:
    """The verb (N,) to which a network from ids (N, T) to logits (N, 2) gives the larger logit."""
    model.evaluate()
    verbs = model.forward(ids).argmax(axis=1)
    model.train()
    return verbs


def share_right(model: Layer, between: int) -> float:
    """The share of correct verbs in 400 new sentences with ``between`` phrases in between."""
    ids, verbs = agreement(np.random.default_rng(99), 400, 1, between)
    return float((answers(model, ids) == verbs).mean())


def answers_changed(model: Layer, place: int, between: int = 8) -> float:
    """The share of answers that change with the number of the noun at ``place`` (``change_number``), in 200 sentences."""
    ids, _ = agreement(np.random.default_rng(7), 200, 1, between)
    return float((answers(model, ids) != answers(model, change_number(ids, place))).mean())


def reach(model: Any) -> np.ndarray:
    """Norms (T + 1,) of the gradient with respect to the state, back from the verb, relative to the last step's.

    ``model`` has an ``embedding`` and a recurrent ``cell``; the loss depends on the last hidden state. The 50 sentences
    have one phrase before the comma and 19 between subject and verb.
    """
    ids, _ = agreement(np.random.default_rng(5), 50, 1, 19)
    return norms_back(model.cell, model.embedding.W.data[ids])


def norms_back(cell: SequenceLayer, x: np.ndarray) -> np.ndarray:
    """Norms (T + 1,) as ``reach`` gives them, for inputs x (N, T, D) of a recurrent ``cell``."""
    dh = np.random.default_rng(6).standard_normal((len(x), cell.units)).astype(x.dtype)
    norms = gradient_norms(cell, x, (dh, np.zeros_like(dh)) if isinstance(cell, LSTM) else dh)
    return norms / norms[0]


def norms_along_memory(step: Callable[..., tuple], layer: LSTM, x: np.ndarray, dc: np.ndarray) -> np.ndarray:
    """Norms (T + 1,) of a gradient dc (N, H) with respect to the last c that comes back along c alone: dc_{t-1} = dc_t f_t.

    ``step`` is as in ``read_in_either_number``; x is (N, T, D).
    """
    h = c = np.zeros_like(dc)
    gates, norms = [], [float(np.linalg.norm(dc))]
    for t in range(x.shape[1]):
        h, c, cache = step(x[:, t], h, c, layer.Wx.data, layer.Wh.data, layer.b.data)
        gates.append(cache[6])
    for f in reversed(gates):
        dc = dc * f
        norms.append(float(np.linalg.norm(dc)))
    return np.array(norms)


def read_in_either_number(model: Any, step: Callable[..., tuple]) -> tuple[list[tuple[str, str]], np.ndarray, np.ndarray]:
    """What an LSTM keeps while it reads one sentence, with the subject in either number.

    Args:
        model: has an ``embedding`` and a ``cell``, an LSTM.
        step: a step of an LSTM that returns h, c and a cache, of which number 6 is the forget gate.

    Returns:
        The words of both sentences, one pair per step; the cell states (2, T, H); the forget gates (2, T, H).
    """
    ids, _ = agreement(np.random.default_rng(1), 1, 1, 2)
    both = np.concatenate([ids, change_number(ids, 1)])  # (2, T)
    weights = [parameter.data for parameter in (model.cell.Wx, model.cell.Wh, model.cell.b)]
    h = c = np.zeros((2, model.cell.units))
    memory, kept = [], []
    for t in range(both.shape[1]):
        h, c, cache = step(model.embedding.W.data[both[:, t]], h, c, *weights)
        memory.append(c)
        kept.append(cache[6])
    words = [(LEXICON[one], LEXICON[two]) for one, two in both.T]
    return words, np.stack(memory, axis=1), np.stack(kept, axis=1)


def mean_slope(model: Any) -> float:
    """The mean of 1 - h^2 over the same sentences: the slope of the tanh of a plain recurrent cell."""
    ids, _ = agreement(np.random.default_rng(5), 50, 1, 19)
    h, _ = model.cell.forward(model.embedding.forward(ids))
    model.discard_caches()
    return float((1 - h**2).mean())
