"""A temporal convolutional network (TCN): residual blocks of causal convolutions, each with twice the dilation of the last.

    u^0 = x W_in + b_in                                              the inputs as H numbers per step              (1)
    z   = drop(relu(conv2_d(drop(relu(conv1_d(u^{k-1}))))))          d = 2^{k-1}, kernel size K                    (2)
    u^k = relu(u^{k-1} + z)                                          for k = 1 .. B                                (3)

    da       = du^k [u^{k-1} + z > 0]                                [..] is 1 or 0                                (4)
    du^{k-1} = da + z'(da)                                           z' is the backward pass of (2)                (5)

Output t depends on the steps t - R + 1 .. t, R = 1 + 2 (K - 1) (2^B - 1): twice as many with each block, while a stack of
plain convolutions gains only K - 1 per layer. Shapes: x (N, T, D), u (N, T, H). Bai, Kolter and Koltun, "An empirical
evaluation of generic convolutional and recurrent networks for sequence modeling" (2018), without weight normalisation.
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator
from scratchnn.core import Layer
from scratchnn.errors import whole_number
from scratchnn.layers import Conv1D, Dense, Dropout, ReLU


class ResidualBlock(Layer):
    """Equations (2) and (3): (N, T, ``units``) -> (N, T, ``units``).

    Args:
        units, kernel_size, dilation: H, K and d.
        dropout: probability after each convolution.
        rng: draws weights and masks.
    """

    def __init__(self, units: int, kernel_size: int, dilation: int, dropout: float, *, rng: Generator):
        super().__init__()
        self.input_size = self.units = units
        self.layers: list[Layer] = []
        for _ in range(2):
            convolution = Conv1D(units, units, kernel_size, rng=rng, padding="causal", dilation=dilation)
            self.layers += [convolution, ReLU(), Dropout(dropout, rng=rng)]
        self.relu = ReLU()

    def forward(self, x: Array) -> Array:
        """Outputs of the shape of x."""
        z = x
        for layer in self.layers:
            z = layer.forward(z)  # (2)
        return self.relu.forward(x + z)  # (3)

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        da = self.relu.backward(dy)  # (4)
        dz = da
        for layer in reversed(self.layers):
            dz = layer.backward(dz)
        return da + dz  # (5)


class TemporalConvolutions(Layer):
    """(N, T, ``input_size``) -> (N, T, ``units``), with as many blocks as it takes to see ``steps`` steps.

    Args:
        input_size, units, kernel_size: D, H and K, which is at least 2.
        steps: R is at least this large.
        dropout: probability after each convolution.
        rng: draws weights and masks.
    """

    def __init__(self, input_size: int, units: int, kernel_size: int, steps: int, *, dropout: float = 0.0, rng: Generator):
        super().__init__()
        whole_number(kernel_size, "TemporalConvolutions: kernel_size", 2)
        self.input_size, self.units = input_size, units
        self.dense = Dense(input_size, units, rng=rng)
        self.blocks: list[ResidualBlock] = []
        while self.reach(len(self.blocks), kernel_size) < steps or not self.blocks:
            self.blocks.append(ResidualBlock(units, kernel_size, 2 ** len(self.blocks), dropout, rng=rng))

    @staticmethod
    def reach(blocks: int, kernel_size: int) -> int:
        """R, the number of steps that an output depends on."""
        return 1 + 2 * (kernel_size - 1) * (2**blocks - 1)

    def forward(self, x: Array) -> Array:
        """Equations (1) to (3) for ``x`` (N, T, ``input_size``)."""
        u = self.dense.forward(x)  # (1)
        for block in self.blocks:
            u = block.forward(u)
        return u

    def backward(self, dy: Array) -> Array:
        """The gradient with respect to x."""
        for block in reversed(self.blocks):
            dy = block.backward(dy)
        return self.dense.backward(dy)
