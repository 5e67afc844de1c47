"""The precision of ``@``, as CuPy keeps it."""

COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_TF32 = 1, 7
_chosen = {}


def set_compute_type(dtype, compute_type):
    _chosen[dtype] = compute_type


def get_compute_type(dtype):
    return _chosen.get(dtype, COMPUTE_TYPE_DEFAULT)
