"""Generated sentences in which the verb agrees with a subject many words back; what decides is only the subject.

*near the dogs , the key behind the trees beside the rivers* is followed by *is*. Every other noun may be in either number.
"""

from __future__ import annotations

import numpy as np

from scratchnn.core import Layer

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
