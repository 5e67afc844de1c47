"""Tunes as a model reads them, and how it writes one."""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.decoding import Step, generate
from scratchnn.errors import DataError
from scratchnn.models.tune_model import TuneModel
from scratchnn.music import Tune, read_tunes, split_tokens, tune_notes
from scratchnn.music.abc import METRES, read_tune
from scratchnn.music.clock import BarClock
from scratchnn.tasks.trained import Trained
from scratchnn.text import END, Vocabulary
from scratchnn.training.settings import Values

LONGEST = 2000  # tokens of a tune that is written; the longest of the Nottingham tunes has about 1,500
TRIES = 20  # tunes that are written until one can be read


def tune_tokens(tune: Tune) -> list[str]:
    """The tokens of a tune between two ``<eos>``."""
    return [END, *split_tokens(tune.text()), END]


def encode(tune: Tune, vocabulary: Vocabulary, clock: bool) -> np.ndarray:
    """``tune_tokens`` as ids (M,), or as rows of an id and the ids of the clock (M, 1 + K)."""
    tokens = tune_tokens(tune)
    ids: np.ndarray = vocabulary.encode(tokens)
    return np.column_stack([ids, ClockReader().clocks(tokens)]) if clock else ids


class ClockReader:
    """The ids of the clock along tunes, each of which begins with ``<eos>``."""

    def __init__(self) -> None:
        self.clock = BarClock()

    def clocks(self, tokens: list[str]) -> np.ndarray:
        """The ids (M, K) after each of the next M tokens."""
        return np.array([self._next(token) for token in tokens], dtype=np.int32)

    def _next(self, token: str) -> tuple[int, ...]:
        if token == END:
            self.clock = BarClock()
        else:
            self.clock.push(token)
        return self.clock.ids()


def step_of(trained: Trained, tokens: list[str]) -> Step:
    """What ``generate`` calls with the ids of ``tokens`` first, then with each id that it has drawn."""
    model, vocabulary = trained.model, trained.parts["vocabulary"]
    if not isinstance(model, TuneModel):
        step: Step = model.step
        return step
    reader = ClockReader()
    read = reader.clocks(tokens)  # of the tokens themselves: the vocabulary may not have all of them

    def with_clock(ids: np.ndarray, state: Any) -> Any:
        clocks = read if state is None else reader.clocks(vocabulary.decode(ids[0]))
        return model.step(np.column_stack([ids[0], clocks])[None], state)  # (1, M, 1 + K)

    return with_clock


def readable(text: str) -> Tune | None:
    """A tune from header and body, None if it cannot be read."""
    try:
        return read_tunes(f"X:1\n{text}", "the tune")[0]
    except DataError:
        return None


def write_tune(
    trained: Trained, prompt: str, key: str | None, metre: str | None, rng: np.random.Generator, options: Values
) -> Tune:
    """A tune drawn from the model; header lines that are given are forced, the others drawn.

    Raises:
        DataError: the vocabulary has no such key or metre, or no readable tune came.
    """
    vocabulary = trained.parts["vocabulary"]
    metre = METRES.get(metre or "", metre)
    known = {name: {token for token in vocabulary.tokens if token.startswith(f"{name}:")} for name in "MLK"}
    for name, what, value in (("M", "metre", metre), ("K", "key", key)):
        if value is not None and f"{name}:{value}\n" not in known[name]:
            there = ", ".join(sorted(token[2:].strip() for token in known[name]))
            raise DataError(f"no training tune has the {what} {value!r}; choose one of {there}")
    check_prompt(prompt)
    given = {"M": metre, "K": key}
    for _ in range(TRIES):
        text = draw_tune(trained, prompt, {name: value for name, value in given.items() if value}, rng, options)
        try:
            tune = read_tunes(f"X:1\n{text}", "the tune that was written")[0]
            if tune_notes(tune, repeats=False):
                return tune
            raise DataError("it has no notes")
        except DataError as error:
            fault = error
    raise DataError(f"none of {TRIES} tunes can be read; train longer, or pass another --temperature ({fault})")


def check_prompt(prompt: str) -> None:
    """Raise ``DataError`` for a prompt that no tune can begin with, before anything is drawn."""
    lines = prompt.split("\n")
    if not all(lines[:-1]):
        raise DataError(f"--prompt: line {lines.index('') + 1} is empty; an empty line ends a tune, so leave it out")
    split_tokens(prompt, "--prompt")
    read_tune([(0, "M:4/4"), (0, "K:C"), *enumerate(lines, start=1), (0, "z")], "--prompt")  # a whole tune around it


def draw_tune(trained: Trained, prompt: str, given: dict[str, str], rng: np.random.Generator, options: Values) -> str:
    """The text of one tune: header, prompt and continuation."""
    vocabulary = trained.parts["vocabulary"]

    def go_on(tokens: list[str], count: int, avoid: list[int]) -> list[str]:
        step = step_of(trained, tokens)
        drawn = generate(step, vocabulary.encode(tokens), count, rng, avoid=avoid, end=vocabulary.end, **options)
        return list(vocabulary.decode(drawn))

    with trained.model.evaluation():
        tokens = [END]
        for name in "MLK":
            others = [k for k, token in enumerate(vocabulary.tokens) if not token.startswith(f"{name}:")]
            tokens += [f"{name}:{given[name]}\n"] if name in given else go_on(tokens, 1, others)
        tokens += split_tokens(prompt)
        return "".join([*tokens, *go_on(tokens, LONGEST, [vocabulary.unknown])][1:])
