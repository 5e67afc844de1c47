"""``scratchnn doctor``: what this machine has to compute with, and what to install."""

from __future__ import annotations

import argparse
from typing import Any

from scratchnn.doctor.advice import cpu_advice, gpu_advice, works
from scratchnn.doctor.facts import facts
from scratchnn.doctor.kernels import kernel_lines, kernels_card
from scratchnn.doctor.machine import look


def add_parser(commands: Any) -> None:
    """Arguments of the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor", help="show what is installed, and what to install for a GPU"
    )
    parser.add_argument(
        "--kernels",
        nargs="?",
        const="",
        metavar="CAPABILITY",
        help="show how recurrent layers are divided over this machine's GPU, or one of a compute capability such as 9.0",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print facts and advice, or how kernels are divided; the status is 1 if the CPU side does not work, 0 otherwise."""
    machine = look()
    if args.kernels is not None:
        for line in kernel_lines(kernels_card(machine, args.kernels)):
            print(line, flush=True)
        return 0
    print("\n".join(facts(machine)))
    missing = cpu_advice(machine)
    print("\n".join(["", "The CPU side is not ready; install:" if missing else "The CPU side works.", *missing]))
    advice = gpu_advice(machine)
    verdict = "The GPU side works: use --device gpu." if works(machine.cupy) else "The GPU side is not ready."
    print("\n".join(["", verdict, *advice]))
    return 1 if missing else 0
