"""CUDA kernels for what is slow on a GPU as one array operation after the other.

Recurrent layers: one launch runs all T steps in one direction. The equations of a cell are in its own file, under the
numbers of its Python module; each function names the NumPy lines it mirrors, and tests hold the two equal. Reading order:

    lstm.cuh, gru_*.cuh, rnn.cuh   the equations of one unit of one sequence
    all_steps.cuh                  the loop over time; two_products.cuh for the GRU with the reset gate before the product
    split.cuh, product.cuh         who computes what; the product that each step waits for
    device.cuh, unit.cuh           what is asked of the device; where the numbers are
    one_step.cuh, ...              one launch per step, if Wh does not fit on the device
    cross_entropy.cu, rows.cu ...  the rest of a training step: the loss, sums of rows, the norm, optimizers

On the host: ``recurrent.py`` (the pairs), ``launches.py`` (compiling, launching), ``split.py`` (how the work is divided),
``step_by_step.py``, ``training_step.py``, ``choice.py`` (whether there is a kernel for these arrays), ``cuda.py`` (CuPy).
The folder has so many files because a cell's equations, the division of the work and the loop over time can then be read
one by one.
"""

from scratchnn.backend.kernels.choice import kernel_device
from scratchnn.backend.kernels.recurrent import backward_on, forward_on
from scratchnn.backend.kernels.training_step import MOST_IDS, cross_entropy_on, norm_on, sum_rows_on, update_on

__all__ = [
    "MOST_IDS",
    "backward_on",
    "cross_entropy_on",
    "forward_on",
    "kernel_device",
    "norm_on",
    "sum_rows_on",
    "update_on",
]
