"""A table of the layers of a model: the shape of the outputs and the number of parameters of each."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from scratchnn.backend import Array
from scratchnn.core import Layer, Parameter
from scratchnn.core.nested import flatten
from scratchnn.recurrent.base import Recurrent

COLUMNS = 80  # width of the table
NAME_COLUMNS = 28  # a longer name gets its own line


def output_shapes(model: Layer, *inputs: Array) -> dict[int, str]:
    """Run ``inputs`` through the model once, in evaluation mode: the shape of each layer's first output, by its ``id``."""
    shapes: dict[int, str] = {}
    layers = [layer for _, layer in model.named_layers()]
    modes = [layer.training for layer in layers]

    def watched(layer: Layer) -> Callable[..., Any]:
        forward = layer.forward

        def run(*args: Any, **kwargs: Any) -> Any:
            y = forward(*args, **kwargs)
            shapes[id(layer)] = str(tuple(flatten(y)[0].shape))
            return y

        return run

    model.evaluate()
    try:
        for layer in layers:
            vars(layer)["forward"] = watched(layer)  # an attribute of the object comes before the method of the class
        model.forward(*inputs)
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            vars(layer).pop("forward", None)
            layer.training = mode
    return shapes


def parameter_notes(layer: Layer, own: dict[str, Parameter], seen: set[int], width: int) -> list[str]:
    """The shapes of the parameters ``own`` of a layer in lines of at most ``width``; those in ``seen`` are called shared.

    For a recurrent layer, also the shape of both matrices side by side, [Wh, Wx] (Andrew Ng's W_a = [W_aa, W_ax]): one row
    per unit of each gate, one column per entry of [h, x].
    """
    notes = [
        f"{name} {'x'.join(f'{size:,}' for size in p.shape)}{' (shared)' if id(p) in seen else ''}"
        for name, p in own.items()
    ]
    joined = ", ".join(note.replace(" ", "\N{NO-BREAK SPACE}") for note in notes)  # lines are broken only between notes
    lines = [line.replace("\N{NO-BREAK SPACE}", " ") for line in textwrap.wrap(joined, width)]
    if isinstance(layer, Recurrent) and {"Wx", "Wh"} <= own.keys():
        D, columns = own["Wx"].shape
        lines.append(f"[Wh, Wx] {columns:,} x {own['Wh'].shape[0] + D:,}")
    return lines


def tree(layer: Layer, name: str, depth: int, seen: set[int]) -> Iterator[tuple[str, Layer]]:
    """A layer and all its sub-layers, each once, with names that are indented by depth."""
    if id(layer) not in seen:
        seen.add(id(layer))
        yield "  " * depth + f"{name} {type(layer).__name__}".strip(), layer
        for child, sub in layer.children():
            yield from tree(sub, child, depth + 1, seen)


def summary(model: Layer, *inputs: Array) -> str:
    """A table of all layers.

    Args:
        model: any layer.
        inputs: example inputs, which give the output shapes; a batch of one is enough.

    Returns:
        Text of at most 80 columns: layer, output shape, number of parameters, their shapes. A shared parameter is counted
        at its first layer. A layer that was not used and has no parameters is omitted.
    """
    shapes = output_shapes(model, *inputs)
    found = [
        (name, layer)
        for name, layer in tree(model, "", 0, set())
        if id(layer) in shapes or any(below.own_parameters() for _, below in layer.named_layers())
    ]
    wide = min(max(len("total"), *(len(name) for name, _ in found)), NAME_COLUMNS)
    deep = max(len("output shape"), *(len(shape) for shape in shapes.values()))
    lines = [f"{'layer':<{wide}}  {'output shape':<{deep}}  {'parameters':>11}  of shape"]
    edge = len(lines[0]) - len("of shape")
    seen: set[int] = set()
    for name, layer in found:
        own = layer.own_parameters()
        first, *more = parameter_notes(layer, own, seen, COLUMNS - edge) or [""]
        fresh = {id(p): p.data.size for p in own.values() if id(p) not in seen}
        seen.update(fresh)
        if len(name) > wide:
            lines.append(name)
            name = ""
        lines.append(f"{name:<{wide}}  {shapes.get(id(layer), ''):<{deep}}  {sum(fresh.values()):>11,}  {first}".rstrip())
        lines += [" " * edge + part for part in more]
    parameters = model.parameters()
    total = sum(p.data.size for p in parameters)
    frozen = sum(p.data.size for p in parameters if not p.trainable)
    lines.append(f"{'total':<{wide + deep + 2}}  {total:>11,}" + (f"  ({frozen:,} of them frozen)" if frozen else ""))
    return "\n".join(lines)
