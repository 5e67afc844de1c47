"""What the host has to know about each cell: sizes, and the files of its kernels. The equations are in those files."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files

FRAMES = (  # files around the equations of a cell: for all steps, for one step
    "unit.cuh", "split.cuh", "product.cuh", "read_write.cuh", "all_steps.cuh", "two_products.cuh", "one_step.cuh",
    "two_products_step.cuh",
)  # fmt: skip
FILES = ("lengths.cu", "cross_entropy.cu", "rows.cu", "norm.cu", "optimizers.cu")  # kernels that belong to no cell
READS = ("H", "H_BEFORE", "KEPT_BEFORE")  # h_t, h_{t-1}, and what is kept at step t - 1


@dataclass(frozen=True)
class Product:
    """A product that each step waits for.

    Attributes:
        parts: numbers per unit that it reads; K = parts H.
        results: numbers per unit that it returns.
    """

    parts: int
    results: int


@dataclass(frozen=True)
class Cell:
    """A cell with kernels.

    Attributes:
        file: the file of its equations.
        gates: blocks of H columns in Wx, Wh and b.
        states: arrays in the state.
        more: further weights per unit: the second bias of a GRU, peepholes.
        blocks: gradients per unit that are stored for each step.
        sums: gradients per unit that are summed over all steps; the first are those of ``blocks``.
        da: the blocks among them that are the gradients with respect to x Wx + b, in order.
        ds: the blocks that are the gradients with respect to the product with Wh, in the order of its columns.
        keeps: whether the forward pass keeps one more number per unit and step.
        reads: what the backward pass reads of the forward pass besides the gates and what is kept at the same step.
        flags: other constants of the file.
        two_products: whether a step has two products, one after the other.
    """

    file: str
    gates: int
    states: int = 1
    more: int = 0
    blocks: int = 0
    sums: int = 0
    da: tuple[int, int] = (0, 0)
    ds: tuple[int, ...] = ()
    keeps: bool = False
    reads: tuple[str, ...] = ()
    flags: tuple[tuple[str, bool], ...] = ()
    two_products: bool = False

    @property
    def unit(self) -> int:
        """Weights per unit besides Wx and Wh."""
        return self.gates + self.more

    def products(self, backward: bool) -> tuple[Product, ...]:
        """The products of a step, in their order."""
        if self.two_products:
            return (Product(1, 1), Product(2, 1)) if backward else (Product(1, 2), Product(1, 1))
        return (Product(self.gates, 1),) if backward else (Product(1, self.gates),)

    def constants(self) -> str:
        """The constants of the cell, as the kernels expect them."""
        numbers = {"GATES": self.gates, "STATES": self.states, "UNIT": self.unit}
        numbers |= {"BLOCKS": self.blocks, "SUMS": self.sums}
        lines = [f"constexpr int {name} = {value};" for name, value in numbers.items()]
        flags = {"KEEPS": self.keeps, **{f"READS_{name}": name in self.reads for name in READS}, **dict(self.flags)}
        return "\n".join(lines + [f"constexpr bool {name} = {str(flag).lower()};" for name, flag in flags.items()]) + "\n"


def _cell(file: str, gates: int, **more: object) -> Cell:
    """A cell whose gradients are those of its gates, unless ``more`` says otherwise."""
    usual = {"blocks": gates, "sums": gates, "da": (0, gates), "ds": tuple(range(gates))}
    return Cell(file, gates, **{**usual, **more})  # type: ignore[arg-type]


CELLS = {
    "rnn_tanh": _cell("rnn.cuh", 1, reads=("H",), flags=(("RELU", False),)),
    "rnn_relu": _cell("rnn.cuh", 1, reads=("H",), flags=(("RELU", True),)),
    "gru_simplified": _cell("gru_simplified.cuh", 2, reads=("H_BEFORE",)),
    "gru_reset_before": _cell("gru_reset_before.cuh", 3, keeps=True, reads=("H_BEFORE",), two_products=True),
    "gru_reset_after": _cell(
        "gru_reset_after.cuh", 3, more=1, blocks=4, sums=4, da=(1, 4), ds=(1, 2, 0), keeps=True, reads=("H_BEFORE",)
    ),
    "lstm": _cell("lstm.cuh", 4, states=2, keeps=True, reads=("KEPT_BEFORE",), flags=(("PEEPHOLES", False),)),
    "lstm_peephole": _cell(
        "lstm.cuh", 4, states=2, more=3, sums=7, keeps=True, reads=("KEPT_BEFORE",), flags=(("PEEPHOLES", True),)
    ),
}


@cache
def text(name: str) -> str:
    """A file of this folder, which is package data."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def all_steps_source(cell: Cell, split: str, backward: bool) -> str:
    """The source of a kernel over all steps, for the constants of a split; without ``device.cuh``."""
    frame = "two_products.cuh" if cell.two_products else "all_steps.cuh"
    names = ("unit.cuh", "split.cuh", "product.cuh", cell.file, "read_write.cuh", frame)
    return _source(cell, f"#define BACKWARD {int(backward)}\n{split}", names)


def one_step_source(cell: Cell, H: int) -> str:
    """The source of the kernels for one step; without ``device.cuh``."""
    frame = "two_products_step.cuh" if cell.two_products else "one_step.cuh"
    return _source(cell, f"constexpr int H = {H};\n", ("unit.cuh", cell.file, frame))


def _source(cell: Cell, constants: str, names: tuple[str, ...]) -> str:
    return constants + cell.constants() + "".join(text(name) for name in names)
