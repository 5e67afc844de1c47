"""A test of the emulation: small mistakes are planted in the CUDA sources, one at a time, and the numbers show each of them.

    python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py
    KERNEL_MUTANTS=all python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py

The first command takes a fixed sample, the second every mutant, which takes an hour on two cores.
"""

import os
from collections import Counter

import pytest
from emulated import needs_compiler
from kernel_mutants import FILES, fates, mutants, sample

pytestmark = [pytest.mark.kernel_mutants, needs_compiler]

SAMPLE = 84
LIMIT = 60  # seconds per mutant
# Mutants that compute the same, with the proof.
SURVIVORS: dict[str, str] = {}


def test_the_emulation_refuses_every_mutant(capsys):
    every = os.environ.get("KERNEL_MUTANTS") == "all"
    chosen = [mutant for file in FILES for mutant in mutants(file)] if every else sample(SAMPLE)
    found = fates(chosen, LIMIT, lambda mutant, fate: None)
    counts = Counter(found.values())
    with capsys.disabled():
        print(f"\n{len(found)} mutants of {len(FILES)} files:", ", ".join(f"{n} {fate}" for fate, n in counts.items()))
    survivors = {mutant.name for mutant, fate in found.items() if fate == "survived"}
    assert survivors - set(SURVIVORS) == set()
    assert counts["refused"] + counts["deadlock"] > 0.8 * len(found)
    if every:
        assert set(SURVIVORS) - survivors == set()


def test_mutants_are_those_of_code():
    found = list(mutants("lstm.cuh"))
    lines = {mutant.after.partition("//")[0].strip() for mutant in found}
    assert "d[0] = dh * tanh_c * o * (2 - o);" in lines
    assert "kept = c = gates[2] * c - gates[1] * gates[3];" in lines
    assert not any(mutant.before.strip().startswith("//") for mutant in found)
    removed = {mutant.before.strip() for mutant in mutants("product.cuh") if mutant.after.strip() in (";", "if (S > 1) ;")}
    assert {"__syncthreads();", "wait_for_copies<STAGES - 1>();", "if (S > 1) __syncwarp();"} <= removed
