"""Data that chapter 6 makes up, and measurements on it: sentences with a distant subject, and a small language.

Sentences: *near the dogs , the key behind the trees beside the rivers* is followed by *is*. The verb agrees with the
subject alone; every other noun may be in either number.

Small language: verbs agree with their subjects, and most words have two forms, *dog* and *dogs*, *chase* and *chases*. The
generator adds up the logarithms of the probabilities with which it chooses. Their negative mean per word estimates the
entropy of the language: no model that predicts honestly has a lower expected loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from scratchnn.core import Layer
from scratchnn.data import TokenStreams
from scratchnn.datasets.ptb import load_ptb
from scratchnn.errors import DataError
from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD, Adam, clip_by_norm
from scratchnn.recurrent import LSTM, SequenceLayer
from scratchnn.text import UNKNOWN, Vocabulary, tokenize
from scratchnn.training import Trainer

# --- a verb and its distant subject ----------------------------------------------------------------------------------

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


def mean_slope(model: Any) -> float:
    """The mean of 1 - h^2 over the same sentences: the slope of the tanh of a plain recurrent cell."""
    ids, _ = agreement(np.random.default_rng(5), 50, 1, 19)
    h, _ = model.cell.forward(model.embedding.forward(ids))
    model.discard_caches()
    return float((1 - h**2).mean())


# --- a small language whose best possible perplexity is known --------------------------------------------------------

NOUNS = "dog cat bird horse king queen farmer teacher girl boy".split()
NOUNS += "river garden letter song window road ship star stone tree".split()
VERBS = "chase see like follow find draw hear know".split()
ADJECTIVES = "old small red quiet happy strange green cold".split()
NEAR = "near behind under beside".split()


def choose(rng: np.random.Generator, options: list[Any]) -> tuple[Any, float]:
    """One of the options, all equally probable, and the logarithm of its probability."""
    return options[rng.integers(len(options))], -np.log(len(options))


def noun_phrase(rng: np.random.Generator) -> tuple[list[str], bool, float]:
    """The words of a phrase, whether it is plural, and the logarithm of its probability."""
    plural, log_number = choose(rng, [False, True])
    article, log_article = choose(rng, ["the", "some"] if plural else ["the", "a"])
    words, log_p = [article], log_number + log_article - np.log(2)  # log 2: with or without an adjective
    if rng.integers(2):
        adjective, log_adjective = choose(rng, ADJECTIVES)
        words.append(adjective)
        log_p += log_adjective
    noun, log_noun = choose(rng, NOUNS)
    words.append(noun + "s" if plural else noun)
    return words, plural, log_p + log_noun


def make_text(seed: int, sentences: int) -> tuple[str, float]:
    """A text with one sentence per line, and the mean of -log p over its words; the end of a line counts as a word."""
    rng, lines, log_p, words = np.random.default_rng(seed), [], 0.0, 0
    for _ in range(sentences):
        sentence, plural, total = noun_phrase(rng)
        while rng.integers(2):  # one more phrase, with probability one half
            place, log_place = choose(rng, NEAR)
            inner, _, log_inner = noun_phrase(rng)
            sentence = [*sentence, place, *inner]
            total += log_place + log_inner - np.log(2)
        total -= np.log(2)  # the decision against another phrase
        verb, log_verb = choose(rng, VERBS)
        thing, _, log_thing = noun_phrase(rng)
        lines.append(" ".join([*sentence, verb if plural else verb + "s", *thing]))
        log_p, words = log_p + total + log_verb + log_thing, words + len(lines[-1].split()) + 1
    return "\n".join(lines) + "\n", float(-log_p / words)


def fit(
    text: str, new_text: str, level: str, epochs: int, window: int, seed: int = 0, **settings: Any
) -> tuple[LanguageModel, Vocabulary, np.ndarray]:
    """A language model trained on a text of ``level`` tokens, its vocabulary, and a curve (epochs, 2).

    The curve is the loss in nats per token after each epoch, on 2000 tokens of the text and of the new text.
    """
    vocabulary = Vocabulary.build(tokenize(text, level), specials=(UNKNOWN,))
    ids = [vocabulary.encode(tokenize(part, level)) for part in (text, new_text)]
    model = LanguageModel(len(vocabulary), rng=np.random.default_rng(seed), **settings)
    curve: list[list[float]] = []

    def after_epoch(trainer: Trainer) -> None:
        curve.append([evaluate_text(model, part[:2000])[0] for part in ids])

    batches, optimizer = TokenStreams(ids[0], 10, window), Adam(model.parameters(), 0.005)
    Trainer(model, optimizer, batches, max_norm=1.0, seed=seed, on_epoch=after_epoch, progress=False).fit(epochs)
    model.evaluate()
    return model, vocabulary, np.array(curve)


def treebank() -> tuple[str, str, str]:
    """Training, validation and test text of the Penn Treebank.

    Raises:
        SystemExit: with one line that says what to do if the files are missing.
    """
    try:
        train, valid, test = (load_ptb(split) for split in ("train", "valid", "test"))
    except DataError as error:
        raise SystemExit(f"error: {error}") from None
    return train, valid, test


def like_the_book(
    texts: tuple[str, str, str], seed: int, size: int, streams: int, window: int, lr: float
) -> tuple[LanguageModel, np.ndarray, list[float]]:
    """An LSTM trained as in *Deep Learning from Scratch 2*, chapter 6: forget bias 0, plain SGD, clipped at 0.25, 4 epochs.

    Args:
        texts: for training, validation and test.
        seed: of the model and of the trainer.
        size, streams, window, lr: numbers per word and units; texts read side by side; steps per window; learning rate.

    Returns:
        The model, the ids of the test text, and the validation perplexity after each epoch.
    """
    vocabulary = Vocabulary.build(tokenize(texts[0], "word"), specials=(UNKNOWN,), max_size=10_000)
    train_ids, valid_ids, test_ids = (vocabulary.encode(tokenize(text, "word")) for text in texts)
    sizes = {"embedding_size": size, "hidden_size": size}
    model = LanguageModel(len(vocabulary), rng=np.random.default_rng(seed), forget_bias=0.0, **sizes)
    reached: list[float] = []

    def note(trainer: Trainer) -> None:
        reached.append(float(np.exp(evaluate_text(model, valid_ids)[0])))

    batches, optimizer = TokenStreams(train_ids, streams, window), SGD(model.parameters(), lr)
    Trainer(model, optimizer, batches, seed=seed, max_norm=0.25, on_epoch=note, progress=False).fit(4)
    return model, test_ids, reached
