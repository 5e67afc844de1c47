"""A test of the emulation: small mistakes are planted in the CUDA sources, one at a time, and the numbers show each.

    python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py
    KERNEL_MUTANTS=all python -m pytest -m kernel_mutants tests/backend/test_kernels_mutants.py

The first command takes those that ``tests/shared/kernel_mutants.txt`` lists, which all have to be noticed. The second takes
every mutant, which takes a quarter of an hour on two free cores; those that it does not notice are ``SURVIVORS``.
"""

import os
from collections import Counter

import kernel_mutants
import pytest
from emulated import needs_compiler
from kernel_mutants import FILES, fates, mutants, sample, unchanged

pytestmark = [pytest.mark.kernel_mutants, needs_compiler]

LIMIT = 60  # seconds of the CPU per mutant, of which a usual one takes two
# Mutants that compute the same, with the reason. Each is one line; the same text in another line is no survivor.
AFTER = "after the last step it hands on once more what nothing reads; the counters start at zero in each launch"
SURVIVORS = {
    "all_steps.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter); -> "
    "if (t + 1 <= mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter);": AFTER,
    "all_steps.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter); -> "
    "if (t - 1 < mine.steps) hand_on<First>(exchange + (t + 1) % 2 * BUFFER, made, s, counter);": AFTER,
    "two_products.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter); -> "
    "if (t + 1 <= mine.steps) hand_on<First>(exchange_h, made_h, s, counter);": AFTER,
    "two_products.cuh: if (t + 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter); -> "
    "if (t - 1 < mine.steps) hand_on<First>(exchange_h, made_h, s, counter);": AFTER,
    "two_products.cuh: if (mine.exists[j] && t < mine.length[j]) { -> if (mine.exists[j] && t <= mine.length[j]) {": (
        "forward, before the second product: k_t of a padded step goes into that row's product alone, which is not used"
    ),
    "read_write.cuh: if (works && GATES > 1) -> if (works || GATES > 1)": "gates at padded steps are not read",
    "read_write.cuh: if (t && t - 1 < mine.length[j]) past[j] = read_past(where, t - 1, saved); -> "
    "if (t && t - 1 <= mine.length[j]) past[j] = read_past(where, t - 1, saved);": (
        "what is read ahead for a padded step, of the same row, is not used"
    ),
    "split.cuh: for (int e = threadIdx.x; e < (P::KP + 8 * COUNT - 1) / (8 * COUNT) * 8 * COUNT * P::C; e += THREADS) { -> "
    "for (int e = threadIdx.x; e < (P::KP + 8 * COUNT + 1) / (8 * COUNT) * 8 * COUNT * P::C; e += THREADS) {": (
        "what is added lies beyond KP, where the condition in the loop lets nothing be written"
    ),
    "split.cuh: if (COUNT * from + q < P::KP) -> if (COUNT * from - q < P::KP)": (
        "with q > 0 it writes zeros behind the last weights, where clear() sets what the block makes to zero as well"
    ),
    "split.cuh: u < U && unit < H && from < H ? Wh[unit * width + (FIRST + q) * H + from] : 0; -> "
    "u <= U && unit < H && from < H ? Wh[unit * width + (FIRST + q) * H + from] : 0;": (
        "column U, if C > U, gives sums that belong to no cell and are not read"
    ),
    "split.cuh: if (threadIdx.x + j * THREADS < CELLS) "
    "scratch[threadIdx.x + j * THREADS] = mine.exists[j] ? values[j][q] : 0; -> "
    "if (threadIdx.x + j * THREADS <= CELLS) scratch[threadIdx.x + j * THREADS] = mine.exists[j] ? values[j][q] : 0;": (
        "it writes one zero behind the cells, where a product has had partial sums, at least R C of them; nothing reads it"
    ),
    "product.cuh: const int slices = KS - first < ROUND ? KS - first : ROUND; -> "
    "const int slices = KS - first <= ROUND ? KS - first : ROUND;": "both are the same number if they are equal",
}


def test_the_emulation_refuses_every_mutant(capsys):
    every = os.environ.get("KERNEL_MUTANTS") == "all"
    chosen = [mutant for file in FILES for mutant in mutants(file)] if every else sample()
    found = fates(chosen, LIMIT, lambda mutant, fate: None)
    counts = Counter(found.values())
    with capsys.disabled():
        print(f"\n{len(found)} mutants of {len(FILES)} files:", ", ".join(f"{n} {fate}" for fate, n in counts.items()))
    survivors = Counter(mutant.name for mutant, fate in found.items() if fate == "survived")
    unexplained = list((survivors - Counter(SURVIVORS.keys())).elements())
    assert not unexplained, "\n".join(unexplained)
    assert not every or set(survivors) == set(SURVIVORS)
    assert counts["refused"] > 0.6 * len(found)


def test_the_kernels_without_a_mistake_survive():
    """By the same judge, for every file: a mutant is not refused for another reason than its mistake."""
    found = fates([unchanged(file) for file in FILES], LIMIT, lambda mutant, fate: None)
    assert set(found.values()) == {"survived"}


def test_an_error_in_the_judge_is_no_refusal(monkeypatch):
    monkeypatch.setattr(kernel_mutants, "judge", lambda mutant: {}[mutant])
    with pytest.raises(RuntimeError, match=r"rnn\.cuh"):
        fates([unchanged("rnn.cuh")], LIMIT, lambda mutant, fate: None)


def test_mutants_are_those_of_code():
    found = list(mutants("lstm.cuh"))
    lines = {mutant.after.partition("//")[0].strip() for mutant in found}
    assert "d[0] = dh * tanh_c * o * (2 - o);" in lines
    assert "kept = c = gates[2] * c - gates[1] * gates[3];" in lines
    assert not any(mutant.before.strip().startswith("//") for mutant in found)
    removed = {mutant.before.strip() for mutant in mutants("product.cuh") if mutant.after.strip() in (";", "if (S > 1) ;")}
    assert {"__syncthreads();", "wait_for_copies<STAGES - 1>();", "if (S > 1) __syncwarp();"} <= removed
