"""Every kernel compiles for every supported generation of GPUs, within its limits. Needs NVIDIA's compiler, but no GPU.

pip install -e ".[nvrtc]" && python -m pytest tests/backend/test_kernels_nvrtc.py
"""

import re

import pytest
from nvrtc import compile_program, library

from scratchnn.backend.kernels import cells
from scratchnn.backend.kernels.cards import LEAST, SHARED, typical_card
from scratchnn.backend.kernels.split import best_split
from scratchnn.backend.kernels.training_step import RULES

pytestmark = pytest.mark.skipif(library() is None, reason='the compiler is not installed: pip install -e ".[nvrtc]"')

CAPABILITIES = ((7, 5), (8, 0), (8, 6), (9, 0))
N, H = 20, 200
REGISTERS, SPILLED = 65536, 256  # registers of a multiprocessor; bytes per thread that may leave them

each_capability = pytest.mark.parametrize("capability", CAPABILITIES, ids=lambda pair: ".".join(map(str, pair)))


def program(source, capability, names=None):
    """The compiled source; an error unless it contains all its kernels, has no static shared memory and spills little."""
    compiled = compile_program(cells.text("device.cuh") + source, capability)
    assert set(compiled.registers) == set(names or re.findall(r'extern "C" __global__ void (\w+)\(', source))
    assert set(compiled.shared.values()) == {0}
    assert max(compiled.spilled.values()) <= SPILLED
    return compiled


@each_capability
@pytest.mark.parametrize("backward", [False, True], ids=["forward", "backward"])
@pytest.mark.parametrize("cell", cells.CELLS)
def test_all_steps(cell, backward, capability):
    card = typical_card(capability)
    split = best_split(N, H, cell, backward, card)
    assert split.shared <= card.shared
    assert card.multiprocessors >= split.frame.G * split.frame.S
    name = "backward" if backward else "forward"
    compiled = program(cells.all_steps_source(cells.CELLS[cell], split.source(), backward), capability, [name])
    assert compiled.registers[name] * 32 * split.frame.WARPS <= REGISTERS


@each_capability
@pytest.mark.parametrize("cell", cells.CELLS)
def test_one_step(cell, capability):
    program(cells.one_step_source(cells.CELLS[cell], H), capability)


@each_capability
@pytest.mark.parametrize("file", cells.FILES)
def test_files_of_their_own(file, capability):
    for head in [f"#define RULE {rule}\n" for rule in RULES] if file == "optimizers.cu" else [""]:
        program(head + cells.text(file), capability)


def test_every_source_is_compiled():
    folder = cells.files(cells.__package__)
    sources = {file.name for file in folder.iterdir() if file.name.endswith((".cu", ".cuh"))}
    used = {cell.file for cell in cells.CELLS.values()} | set(cells.FILES) | set(cells.FRAMES) | {"device.cuh"}
    assert sources == used
    assert min(CAPABILITIES) == LEAST
    assert set(CAPABILITIES) <= set(SHARED)
