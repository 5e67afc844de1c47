"""A test of the emulation: small mistakes are planted in the CUDA sources, one at a time, and the numbers show each.

    python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py
    KERNEL_MUTANTS=all python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py

The first command takes those that ``tests/shared/kernel_mutants.txt`` lists, which all have to be noticed, the second every
mutant, which takes an hour on two cores. Mutants that compute the same are named below, with the reason.
"""

import os
from collections import Counter

import pytest
from emulated import needs_compiler
from kernel_mutants import FILES, fates, mutants, sample

pytestmark = [pytest.mark.kernel_mutants, needs_compiler]

LIMIT = 60  # seconds of the CPU per mutant, of which a usual one takes two
# Mutants that compute the same, with the proof.
PADDED = "it writes at a padded step, where the gradient is zero, so that nothing is added to dWh; nothing else reads it"
AFTER = "after the last step it hands on once more what nothing reads; the counters start at zero in each launch"
AHEAD = "what is read ahead for padded steps is not used"
SURVIVORS = {
    "all_steps.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter); -> "
    "if (t - 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter);": AFTER,
    "read_write.cuh: const bool works = t < mine.length[j], goes_on = t + 1 < mine.length[j]; -> "
    "const bool works = t < mine.length[j], goes_on = t + 1 <= mine.length[j];": PADDED,
    "read_write.cuh: const bool works = t < mine.length[j], goes_on = t + 1 < mine.length[j]; -> "
    "const bool works = t < mine.length[j], goes_on = t - 1 < mine.length[j];": PADDED,
    "read_write.cuh: if (works && GATES > 1) -> if (works || GATES > 1)": "gates at padded steps are not read",
    "read_write.cuh: if (t && t - 1 < mine.length[j]) past[j] = read_past(where, t - 1, saved); -> "
    "if (t || t - 1 < mine.length[j]) past[j] = read_past(where, t - 1, saved);": AHEAD,
    "two_products.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter); -> "
    "if (t + 1 <= mine.steps) hand_on<First>(exchange_h, made_h, s, counter);": AFTER,
    "one_step.cuh: if (t + 1 < T) seen[where.at(t + 1)] = t < 0 || t + 1 < length ? cell.h * (mask ? mask[e] : 1) : 0; -> "
    "if (t + 1 < T) seen[where.at(t + 1)] = t <= 0 || t + 1 < length ? cell.h * (mask ? mask[e] : 1) : 0;": PADDED,
    "two_products_step.cuh: if (t < (lengths ? lengths[where.n] : T)) { -> "
    "if (t <= (lengths ? lengths[where.n] : T)) {": PADDED,
}


def test_the_emulation_refuses_every_mutant(capsys):
    every = os.environ.get("KERNEL_MUTANTS") == "all"
    chosen = [mutant for file in FILES for mutant in mutants(file)] if every else sample()
    found = fates(chosen, LIMIT, lambda mutant, fate: None)
    counts = Counter(found.values())
    with capsys.disabled():
        print(f"\n{len(found)} mutants of {len(FILES)} files:", ", ".join(f"{n} {fate}" for fate, n in counts.items()))
    survivors = {mutant.name for mutant, fate in found.items() if fate == "survived"}
    assert survivors - set(SURVIVORS) == set()
    assert counts["refused"] > 0.6 * len(found)


def test_mutants_are_those_of_code():
    found = list(mutants("lstm.cuh"))
    lines = {mutant.after.partition("//")[0].strip() for mutant in found}
    assert "d[0] = dh * tanh_c * o * (2 - o);" in lines
    assert "kept = c = gates[2] * c - gates[1] * gates[3];" in lines
    assert not any(mutant.before.strip().startswith("//") for mutant in found)
    removed = {mutant.before.strip() for mutant in mutants("product.cuh") if mutant.after.strip() in (";", "if (S > 1) ;")}
    assert {"__syncthreads();", "wait_for_copies<STAGES - 1>();", "if (S > 1) __syncwarp();"} <= removed
