"""cuDNN's recurrent layers, called directly, with each of its algorithms.

PyTorch chooses the algorithm itself: in float32 the standard one above some H, and always for packed input. Here the
library that PyTorch brings is called through ctypes, and the fastest algorithm that it supports for a shape is the
opponent. Data are in the order of the steps (T, N, D), which all algorithms take. With tf32 products they are float32, with
bfloat16 products they are bfloat16 themselves, for which cuDNN has no other way. A step is forward in
training mode, backward with respect to the data, backward with respect to the weights. cuDNN 9, functions as in its
documentation of the RNN API.
"""

from __future__ import annotations

import ctypes
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks.measure import measure
from scratchnn.errors import BackendError

ALGORITHMS = {"standard": 0, "static": 1, "dynamic": 2, "static, small H": 3}  # all but the first are persistent
CELLS = {"rnn": 1, "lstm": 2, "gru": 3}  # rnn: tanh
FLOAT, DOUBLE_BIAS, LINEAR_INPUT, ONE_DIRECTION, TRAINING, SET_GRADIENT = 0, 2, 0, 0, 1, 1
# By precision: the type of the data, the kind of arithmetic, bytes per number. DEFAULT_MATH allows TF32 from 8.0 on.
FORMS = {"float32": (FLOAT, 3, 4), "tf32": (FLOAT, 0, 4), "bfloat16": (9, 1, 2)}  # FMA, DEFAULT, TENSOR_OP
PACKED_STEPS, NO_PADDING = 1, 0  # without padding cuDNN takes the packed layout only; of equal lengths it is (T, N, D)
SIZE = ctypes.c_size_t


class CudnnError(Exception):
    """A function of cuDNN has returned an error, such as that an algorithm does not support a shape."""


def find_library() -> Any:
    """The cuDNN of PyTorch's installation."""
    import torch

    folders = [Path(torch.__file__).parents[1] / "nvidia" / "cudnn" / "lib", Path(torch.__file__).parent / "lib"]
    for folder in folders:
        for path in sorted(folder.glob("libcudnn.so.9*")):
            return ctypes.CDLL(str(path))
    raise BackendError("PyTorch's cuDNN was not found; install a CUDA build of PyTorch")


class Layer:
    """A layer of cuDNN with random contents.

    Args:
        library: cuDNN.
        allocate: returns the address of that many bytes on the device.
        cell, shape: ``"lstm"`` ..., and N, T, D, H.
        algorithm: one of ``ALGORITHMS``.
        precision: of the products, one of ``FORMS``.
    """

    def __init__(
        self, library: Any, allocate: Callable[[int], int], cell: str, shape: list[int], precision: str, algorithm: str
    ):
        self.library, self.allocate = library, allocate
        self.type, arithmetic, size = FORMS[precision]
        N, T, D, H = shape
        self.handle = self.create("cudnnCreate")
        dropout = self.create("cudnnCreateDropoutDescriptor")
        self.call(
            "cudnnSetDropoutDescriptor", dropout, self.handle, ctypes.c_float(0), None, SIZE(0), ctypes.c_ulonglong(0)
        )
        self.rnn = self.create("cudnnCreateRNNDescriptor")
        kind = ALGORITHMS[algorithm], CELLS[cell], DOUBLE_BIAS, ONE_DIRECTION, LINEAR_INPUT, self.type, FLOAT, arithmetic
        self.call("cudnnSetRNNDescriptor_v8", self.rnn, *kind, D, H, H, 1, dropout, NO_PADDING)
        if algorithm == "dynamic":
            self.call("cudnnBuildRNNDynamic", self.handle, self.rnn, N)
        lengths = (ctypes.c_int * N)(*[T] * N)
        self.x_form, self.y_form = (self.data_form(T, N, width, lengths) for width in (D, H))
        self.h_form = self.create("cudnnCreateTensorDescriptor")
        sizes, strides = (ctypes.c_int * 3)(1, N, H), (ctypes.c_int * 3)(N * H, H, 1)
        self.call("cudnnSetTensorNdDescriptor", self.h_form, self.type, 3, sizes, strides)
        self.weight_bytes, work_bytes, reserve_bytes = SIZE(), SIZE(), SIZE()
        self.call("cudnnGetRNNWeightSpaceSize", self.handle, self.rnn, ctypes.byref(self.weight_bytes))
        spaces = ctypes.byref(work_bytes), ctypes.byref(reserve_bytes)
        self.call("cudnnGetRNNTempSpaceSizes", self.handle, self.rnn, TRAINING, self.x_form, *spaces)
        self.x, self.dx, self.y, self.dy = (self.memory(size * N * T * width) for width in (D, D, H, H))
        self.states = [self.memory(size * N * H) for _ in range(8)]  # h0, h_last, c0, c_last and their gradients
        self.weights, self.dweights = (self.memory(self.weight_bytes.value) for _ in range(2))
        work, reserve = (self.memory(max(size.value, 4)) for size in (work_bytes, reserve_bytes))
        self.spaces = work_bytes, work, reserve_bytes, reserve

    def memory(self, size: int) -> ctypes.c_void_p:
        """Device memory of that many bytes."""
        return ctypes.c_void_p(self.allocate(size))

    def call(self, name: str, *arguments: Any) -> None:
        """Call a function of cuDNN; a ``CudnnError`` if it fails."""
        status = getattr(self.library, name)(*arguments)
        if status:
            raise CudnnError(f"{name} returned {status}")

    def create(self, name: str) -> ctypes.c_void_p:
        """A handle or descriptor from a function that creates one."""
        made = ctypes.c_void_p()
        self.call(name, ctypes.byref(made))
        return made

    def data_form(self, T: int, N: int, width: int, lengths: Any) -> ctypes.c_void_p:
        """The descriptor of data (T, N, width)."""
        form = self.create("cudnnCreateRNNDataDescriptor")
        zero = ctypes.c_float(0)
        self.call("cudnnSetRNNDataDescriptor", form, self.type, PACKED_STEPS, T, N, width, lengths, ctypes.byref(zero))
        return form

    def step(self) -> None:
        """Forward, backward with respect to the data, backward with respect to the weights.

        The lengths on the device are a null pointer: cuDNN 9 takes them from the descriptors.
        """
        h0, h_last, c0, c_last, dh0, dh_last, dc0, dc_last = self.states
        weights = self.weight_bytes, self.weights
        head = self.handle, self.rnn
        of_h, of_c = (self.h_form, h0, h_last), (self.h_form, c0, c_last)
        data = self.x_form, self.x, self.y_form, self.y
        self.call("cudnnRNNForward", *head, TRAINING, None, *data, *of_h, *of_c, *weights, *self.spaces)
        gradients = self.y_form, self.y, self.dy, self.x_form, self.dx
        states = self.h_form, h0, dh_last, dh0, self.h_form, c0, dc_last, dc0
        self.call("cudnnRNNBackwardData_v8", *head, None, *gradients, *states, *weights, *self.spaces)
        read = self.x_form, self.x, self.h_form, h0, self.y_form, self.y
        gradient = self.weight_bytes, self.dweights
        self.call("cudnnRNNBackwardWeights_v8", *head, SET_GRADIENT, None, *read, *gradient, *self.spaces)


def best(
    layer: Callable[[str], Layer], settings: dict[str, Any], synchronise: Callable[[], object] | None
) -> dict[str, Any]:
    """The fastest algorithm, and the times of all in milliseconds, None for those that do not support the shape."""
    times: dict[str, float | None] = {}
    refusals = []
    for algorithm in ALGORITHMS:
        try:
            step = layer(algorithm).step
            step()
            times[algorithm] = measure(step, settings, synchronise)["value"]
        except CudnnError as error:
            times[algorithm] = None
            refusals.append(f"{algorithm}: {error}")
    fastest = min(times, key=lambda name: math.inf if times[name] is None else times[name] or 0.0)
    if times[fastest] is None:
        raise BackendError(f"cuDNN supports none of its algorithms for this shape ({'; '.join(refusals)})")
    return {"value": times[fastest], "algorithm": fastest, "times": times}


def theirs(case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Time cuDNN's best algorithm."""
    from benchmarks.torch_device import prepare

    _, synchronise = prepare(settings)
    import torch

    precision = settings.get("precision", "float32")
    dtype = torch.bfloat16 if precision == "bfloat16" else torch.float32
    kept = []  # memory stays allocated as long as the layer

    def allocate(size: int) -> int:
        kept.append(torch.randn(-(-size // dtype.itemsize), device="cuda").mul(0.1).to(dtype))
        return int(kept[-1].data_ptr())

    library = find_library()
    return best(partial(Layer, library, allocate, case["cell"], case["shape"], precision), settings, synchronise)
