"""``scratchnn doctor``: what this machine has to compute with, and what to install where something is missing."""

from __future__ import annotations

import argparse
import platform
import re
import textwrap
from typing import Any

from scratchnn import __version__
from scratchnn.doctor.machine import CuPy, Driver, Machine, look

COLUMNS = 100
REQUIRED = {"numpy": "2.0", "matplotlib": "3.8", "tqdm": "4.66"}  # as in setup.cfg
CUPY = "14"
OPTIONAL = {  # what each is for, and the extra that it is in
    "scipy": ("counted word vectors of large vocabularies", "text"),
    "scikit-learn": ("the same; t-SNE figures", "text"),
    "gensim": ("to compare with, in tests and benchmarks", "parity"),
    "torch": ("to compare with, in tests and benchmarks", "parity"),
}
DRIVERS = "https://www.nvidia.com/drivers"
OLDEST_OF_CUDA_13 = (7, 5)  # compute capability; CUDA 13 has left out the GPUs below


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser("doctor", help="what is installed, and what to install for a GPU")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print facts and advice; 0 where the CPU side works, 1 otherwise."""
    machine = look()
    print("\n".join(facts(machine)))
    missing = cpu_advice(machine)
    print("\n".join(["", "The CPU side needs something:" if missing else "The CPU side works.", *missing]))
    advice = gpu_advice(machine)
    verdict = "The GPU side works: use --device gpu." if works(machine.cupy) else "The GPU side is not ready."
    print("\n".join(["", verdict, *advice]))
    return 1 if missing else 0


# --- facts -----------------------------------------------------------------------------------------------------------


def facts(machine: Machine) -> list[str]:
    """Lines about everything that was found."""
    threads = "" if machine.threads is None else f", {_count(machine.threads, 'thread')}"
    lines = [f"scratchnn {__version__}", "", "CPU"]
    lines += _row("Python", f"{platform.python_version()} on {platform.system()} {platform.machine()}")
    lines += _row("cores", str(machine.cores))
    lines += _row("BLAS", f"{machine.blas}{threads}, for NumPy's matrix products")
    for name, least in REQUIRED.items():
        lines += _row(name, f"{machine.versions.get(name, 'absent')} (needed: {least} or newer)")
    lines += ["", "GPU", *_driver_rows(machine.driver), *_cupy_rows(machine.cupy), "", "Optional"]
    for name, (purpose, extra) in OPTIONAL.items():
        version = machine.versions.get(name)
        lines += _row(name, f"{version}: {purpose}" if version else f'absent: {purpose}; pip install -e ".[{extra}]"')
    return lines


def _driver_rows(driver: Driver | None) -> list[str]:
    if driver is None:
        return _row("driver", "no NVIDIA driver found")
    lines = _row("driver", f"NVIDIA {driver.release}".strip() + f", runs CUDA up to {_dotted(driver.cuda)}")
    for k, gpu in enumerate(driver.gpus):
        memory = f"{gpu.memory / 2**30:.1f} GiB"
        lines += _row(f"GPU {k}", f"{gpu.name}, {memory}, compute capability {_dotted(gpu.capability)}")
    return lines if driver.gpus else lines + _row("GPUs", f"none ({driver.problem or 'the driver lists none'})")


def _cupy_rows(cupy: CuPy) -> list[str]:
    if not cupy.packages:
        return _row("CuPy", "not installed")
    lines = _row("CuPy", ", ".join(" ".join(package) for package in cupy.packages))
    return lines + _row("trial of it", f"fails: {cupy.problem}" if cupy.problem else "works")


# --- advice ----------------------------------------------------------------------------------------------------------


def cpu_advice(machine: Machine) -> list[str]:
    """What to install before anything works; empty where nothing is missing."""
    wanted = [
        f'"{name}>={least}"'
        for name, least in REQUIRED.items()
        if _numbers(machine.versions.get(name, "0")) < _numbers(least)
    ]
    return [_command("pip install " + " ".join(wanted))] if wanted else []


def works(cupy: CuPy) -> bool:
    """Whether there is one CuPy and it computes."""
    return len(cupy.packages) == 1 and not cupy.problem


def gpu_advice(machine: Machine) -> list[str]:
    """What to do before a GPU can be used, the first thing first; empty where there is nothing to do."""
    driver, packages = machine.driver, machine.cupy.packages
    lines = [] if works(machine.cupy) else _driver_advice(driver, machine.visible)
    extra = fitting_extra(driver)
    if len(packages) > 1:
        names = ", ".join(name for name, _ in packages)
        lines += _text(f"Several packages hold CuPy, and each overwrites files of the others: {names}. Keep one:")
        lines += _replace(machine.cupy, extra)
    elif packages:
        lines += _package_advice(machine)
    elif extra is not None and not lines:
        lines += _text("CuPy is not installed. This brings the one that matches the driver:")
        lines.append(_command(f'pip install -e ".[{extra}]"'))
    return lines


def fitting_extra(driver: Driver | None) -> str | None:
    """The newest extra whose CuPy the driver and all GPUs can run, ``None`` where there is none."""
    return next((f"cuda{major}" for major in (13, 12) if driver is not None and not misfit(major, driver)), None)


def misfit(major: int, driver: Driver) -> str:
    """Why a CuPy for CUDA ``major`` cannot run here; empty where it can."""
    if major > driver.cuda[0]:
        return f"the driver runs CUDA up to {_dotted(driver.cuda)}"
    for gpu in driver.gpus:
        if major >= 13 and gpu.capability < OLDEST_OF_CUDA_13:
            return (
                f"{gpu.name} has compute capability {_dotted(gpu.capability)}, CUDA 13 needs {_dotted(OLDEST_OF_CUDA_13)}"
            )
    return ""


def _driver_advice(driver: Driver | None, visible: str | None) -> list[str]:
    """What to do about driver and GPUs."""
    if driver is None:
        return _text(
            "No NVIDIA driver was found. On a machine without an NVIDIA GPU there is nothing to do: everything runs on the "
            f"CPU. With one, install its driver ({DRIVERS}), then run this command again."
        )
    if driver.cuda < (12, 0):
        return _text(
            f"The driver is too old: it runs CUDA up to {_dotted(driver.cuda)}, CuPy needs 12.0. Update it to release "
            f"525 or newer ({DRIVERS}), then run this command again."
        )
    if driver.gpus:
        return []
    if visible is not None:
        return _text(f"The environment variable CUDA_VISIBLE_DEVICES is set to {visible!r}, which hides GPUs: unset it.")
    return _text(
        "The driver finds no GPU it can use. See whether nvidia-smi lists one; restarting may be needed after an update."
    )


def _package_advice(machine: Machine) -> list[str]:
    """What to do about the one CuPy that is installed."""
    cupy, driver, extra = machine.cupy, machine.driver, fitting_extra(machine.driver)
    name, version = cupy.packages[0]
    major = made_for(cupy)
    if extra is None or driver is None or not (driver.gpus or works(cupy)):
        return []  # first the driver
    reason = misfit(major, driver) if major else ""
    if reason:
        return _text(f"{name} is made for CUDA {major}, but {reason}. Replace it:") + _replace(cupy, extra)
    if _numbers(version) < _numbers(CUPY):
        return _text(f"CuPy {version} is too old, {CUPY} is needed. Replace it:") + _replace(cupy, extra)
    if works(cupy):
        return []
    lines = _text(f"CuPy fails here: {cupy.problem}.")
    if major:
        lines += _text(f"If libraries of CUDA {major} are what it misses, this brings them:")
        lines.append(_command(f'pip install "{name}[ctk]"'))
    if extra != f"cuda{major}":
        lines += _text(f"{name} does not match the driver, which runs CUDA up to {_dotted(driver.cuda)}. To replace it:")
        lines += _replace(cupy, extra)
    return lines


def made_for(cupy: CuPy) -> int:
    """The major version of CUDA that the installed CuPy is made for; 0 where neither its name nor its trial tells."""
    name = re.match(r"cupy-cuda(\d\d)", cupy.packages[0][0])
    return int(name[1]) if name else cupy.cuda[0] if cupy.cuda else 0


def _replace(cupy: CuPy, extra: str | None) -> list[str]:
    """Commands that put one CuPy in the place of all that are there."""
    remove = _command("pip uninstall -y " + " ".join(name for name, _ in cupy.packages))
    if extra is None:
        return [remove, *_text("and, once there is a driver, let this command tell which one to install.")]
    return [remove, _command(f'pip install -e ".[{extra}]"')]


# --- words -----------------------------------------------------------------------------------------------------------


def _row(name: str, text: str) -> list[str]:
    return textwrap.wrap(f"  {name:<14}{text}", COLUMNS, subsequent_indent=" " * 16, break_on_hyphens=False)


def _text(text: str) -> list[str]:
    return textwrap.wrap(text, COLUMNS, break_on_hyphens=False)


def _command(text: str) -> str:
    return "    " + text


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)[:2]))
