"""Facts about a machine, as lines to print: CPU, GPU, optional packages."""

from __future__ import annotations

import platform

from scratchnn import __version__
from scratchnn.backend.precision import LEAST, precision
from scratchnn.backend.threads import LARGE
from scratchnn.doctor.layout import dotted, row
from scratchnn.doctor.machine import CuPy, Driver, Machine

REQUIRED = {"numpy": "2.0", "matplotlib": "3.8", "tqdm": "4.66"}  # as in setup.cfg
RULE = (
    f"one for models whose matrix products have fewer than {LARGE / 1e6:g} million multiply-adds in the mean, "
    "otherwise all; --threads N, scratchnn.set_threads(N), or OPENBLAS_NUM_THREADS in the environment decide instead"
)
OPTIONAL = {  # the purpose of each, and the extra of setup.cfg that installs it
    "scipy": ("counted word vectors of large vocabularies", "text"),
    "scikit-learn": ("the same, and t-SNE figures", "text"),
    "mido": ("MIDI files of tunes", "music"),
    "sacrebleu": ("BLEU and chrF in evaluate of seq2seq", "scores"),
    "gensim": ("comparisons in tests and benchmarks", "parity"),
    "torch": ("comparisons in tests and benchmarks", "parity"),
}


def facts(machine: Machine) -> list[str]:
    """Lines about everything that was found."""
    threads = "" if machine.threads is None else f", {machine.threads} thread{'' if machine.threads == 1 else 's'}"
    lines = [f"scratchnn {__version__}", "", "CPU"]
    lines += row("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    lines += row("cores", str(machine.cores))
    lines += row("BLAS", f"{machine.blas}{threads}, for NumPy's matrix products")
    lines += row("threads", machine.fixed or RULE)
    for name, least in REQUIRED.items():
        lines += row(name, f"{machine.versions.get(name, 'not installed')} (required: {least} or newer)")
    gpu = [*driver_rows(machine.driver), *cupy_rows(machine.cupy), *product_rows(machine.driver)]
    lines += ["", "GPU", *gpu, "", "Optional"]
    for name, (purpose, extra) in OPTIONAL.items():
        version = machine.versions.get(name)
        lines += row(name, f"{version}, for {purpose}" if version else f"not installed; for {purpose}")
        if version is None:
            lines += row("", f'pip install -e ".[{extra}]"')
    return lines


def driver_rows(driver: Driver | None) -> list[str]:
    """Lines about the NVIDIA driver and its GPUs."""
    if driver is None:
        return row("driver", "no NVIDIA driver found")
    lines = row("driver", f"NVIDIA {driver.release}".strip() + f", supports CUDA up to {dotted(driver.cuda)}")
    for k, gpu in enumerate(driver.gpus):
        memory = f"{gpu.memory / 2**30:.1f} GiB"
        lines += row(f"GPU {k}", f"{gpu.name}, {memory}, compute capability {dotted(gpu.capability)}")
    return lines if driver.gpus else lines + row("GPUs", f"none ({driver.problem or 'the driver lists none'})")


def cupy_rows(cupy: CuPy) -> list[str]:
    """Lines about CuPy and the result of its test run."""
    if not cupy.packages:
        return row("CuPy", "not installed")
    lines = row("CuPy", ", ".join(" ".join(package) for package in cupy.packages))
    return lines + row("CuPy test", f"fails: {cupy.problem}" if cupy.problem else "passes")


def product_rows(driver: Driver | None) -> list[str]:
    """Lines about the precision of matrix products on the GPUs, and how to choose another one."""
    gpus = () if driver is None else driver.gpus
    if not gpus:
        return []
    if max(gpu.capability for gpu in gpus) < LEAST:
        return row("products", f"float32; tf32 and bfloat16 need compute capability {dotted(LEAST)}")
    by = " (CUPY_TF32 in the environment)" if precision() != "float32" else ""
    others = "train --precision, or scratchnn.set_precision, chooses float32, tf32 or bfloat16"
    return row("products", f"{precision()}{by}; {others}")
