"""Tables of chapter 6 as text: right verbs, gradients far back, deciding nouns, and perplexities of small texts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np


def right_verbs(longest: Sequence[int], shares: Mapping[str, np.ndarray]) -> str:
    """Shares (S, M) of right verbs for S seeds of each cell, trained and tested on M numbers of phrases."""
    lines = [
        "right verbs (%), trained on up to so many words between subject and verb, tested at so many:",
        "the mean of the seeds, in brackets the lowest and the highest",
        "words" + "".join(f"{3 * most:>24}" for most in longest),
    ]
    for name, table in shares.items():
        cells = [f"{s.mean():.1f} ({s.min():.1f} to {s.max():.1f})" for s in 100 * table.T]
        lines.append(f"{name:<5}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def gradient_left(before: Mapping[str, np.ndarray], during: Mapping[str, np.ndarray], words: int, first_step: int) -> str:
    """Norms (S, T + 1) of each cell ``words`` words back: before training, and the median from ``first_step`` on."""
    lines = [
        f"left of the gradient {words} words back, for each seed: before training; the median from step {first_step} on"
    ]
    for name in before:
        first, middle = (" ".join(f"{n:.0e}" for n in group[name][:, words]) for group in (before, during))
        lines.append(f"{name:<5} {first};  {middle}")
    return "\n".join(lines)


def when_lost(looks: Sequence[int], every: int, watches: Sequence[Any]) -> str:
    """The step at which each seed's gradient was first gone, counted in ``looks`` of a watch, and the loss at that time."""
    return "\n".join(
        f"RNN, seed {seed}: below 1e-4 at the subject from step {every * k}, with a loss of {watch.losses[k]:.2f}"
        for seed, (k, watch) in enumerate(zip(looks, watches, strict=True))
    )


def deciding_noun(changes: Mapping[str, np.ndarray]) -> str:
    """Shares (S, M) of answers that change with each noun, of which number 1 is the subject, for S seeds of each cell."""
    lines = []
    for name, values in changes.items():
        subject = " ".join(f"{share:.1%}" for share in values[:, 1])
        others = " ".join(f"{share:.1%}" for share in np.delete(values, 1, axis=1).max(axis=1))
        lines.append(f"{name:<5} by the subject {subject}; by any other noun at most {others}")
    return "\n".join(lines)


def overfitting(curves: Mapping[str, np.ndarray]) -> str:
    """Perplexities (S, epochs, 2) on a text and on new text: the means of the seeds at the end, and at the lowest point."""
    lines = ["perplexity, mean of the seeds"]
    for name, values in curves.items():
        trained, new = values[:, -1].mean(axis=0)
        lowest = values[:, :, 1].min(axis=1).mean()
        lines.append(f"{name:<18} training text {trained:5.2f}, new text {new:5.2f} (lowest {lowest:.2f})")
    return "\n".join(lines)
