"""A picture into vectors, one for each of its regions: convolutions over rows and columns with pooling in between.

    a_0 = [x, rows, columns]                         the picture and its coordinates              (N, P, Q, D + 2)   (1)
    a_l = relu(conv(maxpool(a_{l-1}))), l = 1 .. L   3 x 3 windows; a_1 = relu(conv(a_0)), without pooling           (2)
    m   = [a_L, rows, columns]                       its places one after the other, row by row    (N, S, C_L + 2)   (3)

with S = floor(P / 2^(L-1)) floor(Q / 2^(L-1)): pooling makes one place of 2 x 2. The coordinates go from -1 to 1, over the
pixels in (1), over the regions in (3). A convolution does the same everywhere, so without them its outputs contain what is
in a region, but only roughly where (Liu et al., "An intriguing failing of convolutional neural networks and the CoordConv
solution", 2018). Those of (3) need not pass through the convolutions: each vector says where it is.

Backward, coordinates are constants: da_L is dm without its last two channels (4), and dx is da_0 without its last two, the
gradient that leaves the first convolution (5).

Vinyals et al., "Show and tell" (2015), and Xu et al., "Show, attend and tell" (2015), for reading a picture in this way.
"""

from __future__ import annotations

from collections.abc import Sequence

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer, Sequential
from scratchnn.errors import ShapeError
from scratchnn.layers import Conv2D, MaxPool2D, ReLU
from scratchnn.layers.pictures import check_pictures


class PictureEncoder(Layer):
    """Pictures (N, P, Q, D) of numbers around 0 -> vectors (N, S, ``units``), with units = C_L + 2.

    Args:
        input_size: D, 3 for red, green and blue.
        channels: C_1 .. C_L.
        rng: draws the weights.
    """

    def __init__(self, input_size: int, channels: Sequence[int], *, rng: Generator | None = None):
        super().__init__()
        self.input_size, self.units = input_size, channels[-1] + 2
        below = [input_size + 2, *channels[:-1]]
        blocks = [
            layer
            for before, after in zip(below, channels, strict=True)
            for layer in (MaxPool2D(2), Conv2D(before, after, 3, rng=rng, padding="same"), ReLU())
        ]
        self.blocks = Sequential(*blocks[1:])
        self.halvings = len(channels) - 1

    def regions(self, rows: int, columns: int) -> tuple[int, int]:
        """Rows and columns of regions in a picture of ``rows`` x ``columns``; S is their product."""
        return rows >> self.halvings, columns >> self.halvings

    def forward(self, x: Array) -> Array:
        """Equations (1) to (3).

        Raises:
            ShapeError: the picture has fewer than 2^(L-1) rows or columns, or another number of channels.
        """
        check_pictures(x, "PictureEncoder", self.input_size)
        N, P, Q, _ = x.shape
        if 0 in self.regions(P, Q):
            raise ShapeError(
                f"PictureEncoder: a picture of {P} x {Q} is smaller than a region of {2**self.halvings} pixels"
            )
        a = self.blocks.forward(with_coordinates(x))  # (1), (2)
        m = with_coordinates(a)
        self.push(m.shape)
        return m.reshape(N, -1, self.units)  # (3)

    def backward(self, dm: Array) -> Array:
        """The gradient with respect to x (N, P, Q, D)."""
        da = self.blocks.backward(dm.reshape(self.pop())[..., :-2])  # (4)
        return da[..., :-2]  # (5)


def with_coordinates(x: Array) -> Array:
    """``x`` (N, P, Q, D) with the row and the column of each place beside its channels: (N, P, Q, D + 2)."""
    N, P, Q, _ = x.shape
    xp = array_module(x)
    rows, columns = ((2 * xp.arange(size) / max(size - 1, 1) - 1).astype(x.dtype) for size in (P, Q))
    shape = (N, P, Q, 1)
    places = xp.broadcast_to(rows[:, None, None], shape), xp.broadcast_to(columns[:, None], shape)
    return xp.concatenate([x, *places], axis=3)
