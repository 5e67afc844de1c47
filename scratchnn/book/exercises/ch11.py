"""Chapter 11, sequence to sequence."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare, separate
from scratchnn.book.exercises.registry import exercise

# --- 11.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "11.1",
    "predict the shapes",
    "shapes(N, S, T, D, H, V)",
    hints=(
        "Everything that has one row per source token has S in its shape, everything that is written has T.",
        "A score belongs to a pair: a step of the target and a step of the source. The state of an LSTM at one step has "
        "no axis of time at all.",
    ),
)
def check_shapes(answer: Answer) -> Iterator[str]:
    """A batch of N sources of S tokens is translated into N targets of T
    tokens, by an encoder in one direction and a decoder with dot attention.
    Embeddings have D numbers, both LSTMs H units, and V tokens can be written.
    Predict the shapes of five arrays, as tuples of numbers, in this order:

        memory     the states of the encoder at all steps
        c          the cell state with which the decoder starts
        scores     how well each query agrees with each key
        both       states and context vectors of the decoder, side by side
        logits     what the softmax over tokens gets
    """
    names = ("memory", "c", "scores", "both", "logits")
    for N, S, T, D, H, V in ((2, 5, 4, 3, 6, 11), (7, 1, 9, 8, 10, 12)):
        right = {"memory": (N, S, H), "c": (N, H), "scores": (N, T, S), "both": (N, T, 2 * H), "logits": (N, T, V)}
        mistakes: dict[str, dict[str, tuple[int, ...]]] = {
            "Embeddings of D numbers go into an LSTM, states of H numbers come out of it.": {"memory": (N, S, D)},
            "The context vector has as many numbers as a state of the memory, H, and is beside the state of the decoder.": {
                "both": (N, T, H)
            },
            "One of the arrays has lost its axis of time: there is a state for each source token, and logits for each "
            "step of the target.": {"memory": (N, H), "logits": (N, V), "scores": (N, S)},
            "c is half of the state at one step: N rows of H numbers.": {"c": (N, 2 * H)},
            "Scores compare the two sequences with each other, not one with itself.": {"scores": (N, S, S)},
            "There is a row of scores for each step of the target, as in (9): T comes before S.": {"scores": (N, S, T)},
        }
        given = separate(answer(N, S, T, D, H, V), answer.name, names)
        shapes = {name: tuple(np.ravel(shape).tolist()) for name, shape in zip(names, given, strict=True)}
        wrong = [name for name in names if shapes[name] != right[name]]
        for name in wrong:
            known = [explanation for explanation, made in mistakes.items() if shapes[name] == made.get(name)]
            yield known[0] if known else f"shapes{(N, S, T, D, H, V)}: {name} is {shapes[name]}, expected {right[name]}"
        if wrong:
            return


# --- 11.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "11.2",
    "teacher forcing",
    "teacher_forcing(targets, begin, end, padding)",
    hints=(
        "Write down for the target 5, 6 what the decoder reads and what it has to predict: three steps each.",
        "inputs are begin and then the target; outputs are the target and then end. T is the longest target plus one. "
        "Start from two arrays full of padding, and fill each row.",
    ),
)
def check_teacher_forcing(answer: Answer) -> Iterator[str]:
    """A list of N targets is given, each a list of ids without marks, of any
    length. Return three arrays for training with the true tokens as inputs:
    inputs (N, T), outputs (N, T) and lengths (N,). The decoder reads begin
    first, and the last thing that it has to predict is end. lengths counts the
    real steps of each row, and rows are filled with padding to the longest.

        teacher_forcing([[5, 6], [7]], 2, 3, 0)
            gives [[2, 5, 6], [2, 7, 0]], [[5, 6, 3], [7, 3, 0]] and [3, 2]
    """

    def fill(rows: list[list[int]], padding: int) -> np.ndarray:
        T = max(map(len, rows))
        return np.array([row + [padding] * (T - len(row)) for row in rows])

    def counts(rows: list[list[int]]) -> np.ndarray:
        return np.array([len(row) for row in rows])

    def right(targets: list, begin: int, end: int, padding: int) -> tuple:
        inputs, outputs = [[begin, *t] for t in targets], [[*t, end] for t in targets]
        return fill(inputs, padding), fill(outputs, padding), counts(inputs)

    def unmoved(targets: list, begin: int, end: int, padding: int) -> tuple:
        both = [[begin, *t, end] for t in targets]
        return fill(both, padding), fill(both, padding), counts(targets)

    def cheating(targets: list, begin: int, end: int, padding: int) -> tuple:
        outputs = fill([[*t, end] for t in targets], padding)
        return outputs, outputs, counts(targets) + 1

    def no_end(targets: list, begin: int, end: int, padding: int) -> tuple:
        inputs = [[begin, *t][: max(len(t), 1)] for t in targets]
        return fill(inputs, padding), fill([t or [padding] for t in targets], padding), counts(targets)

    def ends_at_the_right(targets: list, begin: int, end: int, padding: int) -> tuple:
        T = max(map(len, targets)) + 1
        inputs = fill([[begin, *t] for t in targets], padding)
        outputs = np.array([[*t, *[padding] * (T - 1 - len(t)), end] for t in targets])
        return inputs, outputs, np.full(len(targets), T)

    mistakes = {
        "Inputs and outputs are the same: the decoder would have to predict the token that it is reading. Move one of "
        "them by one step.": cheating,
        "Both marks are in both arrays. begin is never predicted, and end is never read: inputs have only begin, outputs "
        "only end.": unmoved,
        "The end mark is missing: without it the decoder never learns when to stop. It counts as a real step.": no_end,
        "The end mark comes right after the last token of its own target, before the padding; lengths are those of each "
        "row.": ends_at_the_right,
    }
    trials: list[tuple] = [([[5, 6], [7]], 2, 3, 0), ([[4, 4, 9, 5], [], [8, 7]], 1, 2, 0), ([[6]], 2, 3, -1)]
    yield from compare(answer, right, mistakes, trials, ("inputs", "outputs", "lengths"))


# --- 11.6 ------------------------------------------------------------------------------------------------------------


@exercise(
    "11.6",
    "exact match from one pass",
    "exact_match(z, targets, lengths)",
    hints=(
        "The token that greedy decoding would write at a step is the arg max of the logits. Compare it with the target.",
        "Steps beyond a row's length must not spoil it: count them as right. Then a row is right if all of its steps are; "
        "the result is the mean over the rows.",
    ),
)
def check_exact_match(answer: Answer) -> Iterator[str]:
    """A decoder has read the true tokens and gives logits z (N, T, V) for the
    targets (N, T), of which lengths (N,) are real, the end mark included.
    Return the share of the N targets that greedy decoding, without the true
    tokens, would write exactly. No loop over tokens is needed.
    """

    def hits(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        return z.argmax(axis=2) == targets, np.arange(targets.shape[1]) < lengths[:, None]

    def right(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        hit, real = hits(z, targets, lengths)
        return (hit | ~real).all(axis=1).mean()

    def padding(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        return hits(z, targets, lengths)[0].all(axis=1).mean()

    def tokens(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        hit, real = hits(z, targets, lengths)
        return hit[real].mean()

    def without_end(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        return right(z, targets, lengths - 1)

    def last(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        return hits(z, targets, lengths)[0][np.arange(len(z)), lengths - 1].mean()

    def whole_batch(z: np.ndarray, targets: np.ndarray, lengths: np.ndarray) -> float:
        hit, real = hits(z, targets, lengths)
        return float((hit | ~real).all())

    mistakes = {
        "Padded steps count in your result. Whatever the decoder says there is never written.": padding,
        "This is the share of single tokens. One wrong token makes the whole target wrong.": tokens,
        "The end mark counts: without it, greedy decoding writes on and the target is wrong.": without_end,
        "You look at the last step only.": last,
        "This is 1 only if all targets are right. Take all over the steps, axis 1, then the mean of the rows.": whole_batch,
    }
    rng = np.random.default_rng(0)
    trials = []
    for N, T, V in ((8, 4, 5), (6, 3, 4)):
        targets, lengths = rng.integers(0, V, (N, T)), rng.integers(1, T + 1, N)
        z = rng.standard_normal((N, T, V)) + 3.0 * np.eye(V)[targets]
        for n in range(N):  # padding is never predicted, and a step of every third row is wrong
            z[n, lengths[n] :, targets[n, lengths[n] :]] = -9.0
            if n % 3 == 0:
                z[n, n % lengths[n], targets[n, n % lengths[n]]] = -9.0
        z[1, lengths[1] - 1, targets[1, lengths[1] - 1]] = -9.0  # only the end mark is wrong
        trials.append((z, targets, lengths))
    yield from compare(answer, right, mistakes, trials)
