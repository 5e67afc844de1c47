"""Texts that are each read from the state zero: windows, masks, restarts."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.data import Texts
from scratchnn.errors import DataError

LENGTHS = [2, 9, 5, 6, 20, 3, 5, 14, 8, 2]


def texts_of(lengths=LENGTHS, tail=()):
    """Text n has the ids 100 n, 100 n + 1, ..."""
    ids = [100 * n + np.arange(length) for n, length in enumerate(lengths)]
    return [np.broadcast_to(one.reshape(-1, *[1] * len(tail)), (len(one), *tail)) for one in ids]


def epoch_of(batches, epoch):
    """Of each stream what it reads in an epoch: (restart, inputs, targets) per window, the masked steps left out."""
    found = [[] for _ in range(batches.streams)]
    for k in range(len(batches)):
        restarts = batches.restarts(epoch, k)
        for n, (inputs, targets, mask) in enumerate(zip(*batches.batch(epoch, k), strict=True)):
            found[n].append((bool(restarts[n]), inputs[mask].tolist(), targets[mask].tolist()))
    return found


@pytest.mark.parametrize(("streams", "window"), [(1, 4), (2, 4), (3, 5), (4, 3)])
def test_each_text_is_read_from_its_start_to_its_end(streams, window):
    batches = Texts(texts_of(), streams, window, seed=1)
    total = sum(-(-(length - 1) // window) for length in LENGTHS)
    assert len(batches) == total // streams
    for epoch in range(3):
        seen = []
        for stream in epoch_of(batches, epoch):
            before = None
            for restart, inputs, targets in stream:
                assert targets == [place + 1 for place in inputs]
                begins = inputs[0] % 100 == 0
                assert restart == (begins or before is None)
                if not restart:
                    assert inputs[0] == before + 1  # goes on where the window before has ended
                elif before is not None:
                    assert before % 100 == LENGTHS[before // 100] - 2  # the text before is complete
                before = inputs[-1]
                seen += inputs
        everything = [100 * n + t for n, length in enumerate(LENGTHS) for t in range(length - 1)]
        assert len(set(seen)) == len(seen)
        assert set(seen) <= set(everything)
        assert len(seen) > len(everything) - streams * window
        if total % streams == 0:
            assert sorted(seen) == everything


def test_the_order_changes_from_epoch_to_epoch_and_is_the_same_again():
    one, other = (Texts(texts_of(), 2, 4, seed=5) for _ in range(2))
    first, second = epoch_of(one, 0), epoch_of(one, 1)
    assert first != second
    assert epoch_of(other, 1) == second  # asked for first
    assert epoch_of(one, 0) == first
    assert epoch_of(Texts(texts_of(), 2, 4, seed=6), 0) != first


def test_rows_of_several_ids():
    batches = Texts(texts_of(tail=(3,)), 2, 4)
    inputs, targets, mask = batches.batch(0, 0)
    assert inputs.shape == targets.shape == (2, 4, 3)
    assert mask.shape == (2, 4)
    assert (inputs == inputs[..., :1]).all()


@pytest.mark.parametrize(
    ("lengths", "streams", "window", "message"),
    [
        ([5, 1, 4], 1, 2, "text 1 has fewer than two tokens"),
        ([5, 4], 3, 4, "the texts have 2 windows of 4 tokens, a batch needs 3; use more texts, a smaller batch"),
        ([5, 4], 0, 4, "Texts: batch_size must be a whole number of 1 or more"),
        ([5, 4], 1, 0, "Texts: window must be a whole number of 1 or more"),
    ],
)
def test_what_is_refused(lengths, streams, window, message):
    with pytest.raises(DataError, match=message):
        Texts(texts_of(lengths), streams, window)
