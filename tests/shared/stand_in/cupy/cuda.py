"""A pretended H100 with few multiprocessors, so that an emulated launch takes milliseconds."""

import types

MULTIPROCESSORS, SHARED = 4, 227 * 1024


class Device:
    """A device, with the attributes that the package reads."""

    def __init__(self, number=0):
        self.compute_capability = "90"
        self.attributes = {"MultiProcessorCount": MULTIPROCESSORS, "MaxSharedMemoryPerBlockOptin": SHARED}


class _Stream:
    def synchronize(self):
        """Nothing runs in the background."""


def get_current_stream():
    """The only stream."""
    return _Stream()


class runtime:
    """The functions of CUDA's runtime that the package calls."""

    class CUDARuntimeError(Exception):
        """An error of the runtime."""

    @staticmethod
    def getDeviceCount():
        return 1

    @staticmethod
    def getDevice():
        return 0

    @staticmethod
    def runtimeGetVersion():
        return 12090


device = types.SimpleNamespace(get_cublas_handle=lambda: 1)
