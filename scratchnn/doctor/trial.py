"""A test of CuPy, run as a program of its own, so that a crash does not end the program that started it.

It prints how far it gets: the version of CuPy, the version of CUDA that it is built for, and ``works``.
"""

from __future__ import annotations


def main() -> None:
    """Run a compiled kernel, a matrix product and a random generator: each uses another library of CUDA."""
    import cupy

    print("version", cupy.__version__)
    print("cuda", cupy.cuda.runtime.runtimeGetVersion())
    x = cupy.arange(6, dtype="float32").reshape(2, 3)
    y = x @ x.T + cupy.random.default_rng(0).random((2, 2), dtype="float32")  # (2, 3) @ (3, 2) -> (2, 2)
    if not 83 <= float(y.sum()) < 87:  # 5 + 14 + 14 + 50 and four random numbers
        raise ArithmeticError("CuPy computes wrong results")
    print("works")


if __name__ == "__main__":
    main()
