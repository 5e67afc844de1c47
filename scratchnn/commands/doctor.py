"""``scratchnn doctor``: what this machine has to compute with, and what to install."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.doctor.advice import cpu_advice, gpu_advice, works
from scratchnn.doctor.facts import facts
from scratchnn.doctor.machine import look


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor", help="show what is installed, and what to install for a GPU"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print facts and advice; the status is 0 if the CPU side works, 1 otherwise."""
    machine = look()
    print("\n".join(facts(machine)))
    missing = cpu_advice(machine)
    print("\n".join(["", "The CPU side is not ready; install:" if missing else "The CPU side works.", *missing]))
    advice = gpu_advice(machine)
    verdict = "The GPU side works: use --device gpu." if works(machine.cupy) else "The GPU side is not ready."
    print("\n".join(["", verdict, *advice]))
    return 1 if missing else 0
