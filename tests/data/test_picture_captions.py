"""Pictures with captions as batches: the scale by hand, the words of the decoder, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.data import PictureCaptions
from scratchnn.data.pictures import scaled
from scratchnn.errors import DataError


def picture(value, shape=(2, 3, 3), dtype=np.uint8):
    return np.full(shape, value, dtype=dtype)


def test_a_batch_by_hand():
    batches = PictureCaptions([picture(0), picture(51)], [[4], [5, 6]], 2, begin=2, end=3)
    x, inputs, lengths, outputs = batches.pick(np.array([1, 0]))
    assert (x.shape, x.dtype) == ((2, 2, 3, 3), np.float32)
    np.testing.assert_allclose(x[:, 0, 0, 0], [-0.6, -1], rtol=1e-6)
    assert lengths.tolist() == [3, 2]
    assert inputs[0].tolist() == [2, 5, 6]
    assert outputs[0].tolist() == [5, 6, 3]
    assert inputs[1, :2].tolist() == [2, 4]
    assert outputs[1, :2].tolist() == [4, 3]
    assert scaled([picture(255)]).max() == 1


@pytest.mark.parametrize(
    ("pictures", "message"),
    [
        ([picture(0), picture(0.5, dtype=np.float64)], "picture 1 must be uint8, 0 to 255, got float64; convert it first"),
        ([picture(0), picture(0, (2, 4, 3))], r"picture 1 has the shape \(2, 4, 3\), the first \(2, 3, 3\); scale it to"),
    ],
    ids=["floats", "another size"],
)
def test_pictures_that_are_refused(pictures, message):
    with pytest.raises(DataError, match=message):
        PictureCaptions(pictures, [[4], [5]], 2, begin=2, end=3).batch(0, 0)
