"""Advice for a machine: what to install before the CPU side and the GPU side work."""

from __future__ import annotations

import re

from scratchnn.doctor.facts import REQUIRED
from scratchnn.doctor.layout import command_line, dotted, first_two_numbers, paragraph
from scratchnn.doctor.machine import CuPy, Driver, Machine

CUPY = "14"  # the oldest CuPy that works, as in setup.cfg
DRIVERS = "https://www.nvidia.com/drivers"
OLDEST_OF_CUDA_13 = (7, 5)  # compute capability; CUDA 13 does not support older GPUs


def cpu_advice(machine: Machine) -> list[str]:
    """What to install before anything works; empty if nothing is missing."""
    wanted = [
        f'"{name}>={least}"'
        for name, least in REQUIRED.items()
        if first_two_numbers(machine.versions.get(name, "0")) < first_two_numbers(least)
    ]
    return [command_line("pip install " + " ".join(wanted))] if wanted else []


def works(cupy: CuPy) -> bool:
    """Whether exactly one CuPy is installed and computes correctly."""
    return len(cupy.packages) == 1 and not cupy.problem


def gpu_advice(machine: Machine) -> list[str]:
    """What to do before a GPU can be used, in order; empty if there is nothing to do."""
    driver, packages = machine.driver, machine.cupy.packages
    lines = [] if works(machine.cupy) else driver_advice(driver, machine.visible)
    extra = fitting_extra(driver)
    if len(packages) > 1:
        names = ", ".join(name for name, _ in packages)
        lines += paragraph(f"Several packages contain CuPy and overwrite each other's files: {names}. Keep only one:")
        lines += replace(machine.cupy, extra)
    elif packages:
        lines += package_advice(machine)
    elif extra is not None and not lines:
        lines += paragraph("CuPy is not installed. To install the one that matches the driver:")
        lines.append(command_line(f'pip install -e ".[{extra}]"'))
    return lines


def fitting_extra(driver: Driver | None) -> str | None:
    """The newest extra of setup.cfg whose CuPy runs on the driver and all GPUs, or None."""
    return next((f"cuda{major}" for major in (13, 12) if driver is not None and not misfit(major, driver)), None)


def misfit(major: int, driver: Driver) -> str:
    """Why a CuPy for CUDA ``major`` cannot run here, or ``""``."""
    if major > driver.cuda[0]:
        return f"the driver supports CUDA up to {dotted(driver.cuda)}"
    for gpu in driver.gpus:
        if major >= 13 and gpu.capability < OLDEST_OF_CUDA_13:
            return (
                f"{gpu.name} has compute capability {dotted(gpu.capability)}, and CUDA 13 requires "
                f"{dotted(OLDEST_OF_CUDA_13)} or higher"
            )
    return ""


def driver_advice(driver: Driver | None, visible: str | None) -> list[str]:
    """What to do about the driver and the GPUs; ``visible`` is CUDA_VISIBLE_DEVICES."""
    if driver is None:
        return paragraph(
            "No NVIDIA driver was found. On a machine without an NVIDIA GPU there is nothing to do: everything runs on the "
            f"CPU. If there is one, install its driver ({DRIVERS}), then run this command again."
        )
    if driver.cuda < (12, 0):
        return paragraph(
            f"The driver is too old: it supports CUDA up to {dotted(driver.cuda)}, and CuPy requires 12.0. Update it to "
            f"release 525 or newer ({DRIVERS}), then run this command again."
        )
    if driver.gpus:
        return []
    if visible is not None:
        return paragraph(
            f"The environment variable CUDA_VISIBLE_DEVICES is set to {visible!r}, which hides GPUs: unset it."
        )
    return paragraph(
        "The driver finds no usable GPU. Check whether nvidia-smi lists one; a driver update may require a restart."
    )


def package_advice(machine: Machine) -> list[str]:
    """What to do about the one CuPy that is installed."""
    cupy, driver, extra = machine.cupy, machine.driver, fitting_extra(machine.driver)
    name, version = cupy.packages[0]
    major = cuda_of(cupy)
    if extra is None or driver is None or not (driver.gpus or works(cupy)):
        return []  # the driver comes first
    reason = misfit(major, driver) if major else ""
    if reason:
        return paragraph(f"{name} is built for CUDA {major}, but {reason}. Replace it:") + replace(cupy, extra)
    if first_two_numbers(version) < first_two_numbers(CUPY):
        return paragraph(f"CuPy {version} is too old; version {CUPY} or newer is required. Replace it:") + replace(
            cupy, extra
        )
    if works(cupy):
        return []
    lines = paragraph(f"CuPy fails: {cupy.problem}.")
    if major:
        lines += paragraph(f"If libraries of CUDA {major} are missing, this installs them:")
        lines.append(command_line(f'pip install "{name}[ctk]"'))
    if extra != f"cuda{major}":
        lines += paragraph(
            f"{name} does not match the driver, which supports CUDA up to {dotted(driver.cuda)}. Replace it:"
        )
        lines += replace(cupy, extra)
    return lines


def cuda_of(cupy: CuPy) -> int:
    """The major version of CUDA that the installed CuPy is built for; 0 if neither its name nor its test run shows it."""
    name = re.match(r"cupy-cuda(\d\d)", cupy.packages[0][0])
    return int(name[1]) if name else cupy.cuda[0] if cupy.cuda else 0


def replace(cupy: CuPy, extra: str | None) -> list[str]:
    """Commands that replace all installed CuPys by one."""
    remove = command_line("pip uninstall -y " + " ".join(name for name, _ in cupy.packages))
    if extra is None:
        return [remove, *paragraph("Once a driver is installed, run this command again: it shows which one to install.")]
    return [remove, command_line(f'pip install -e ".[{extra}]"')]
