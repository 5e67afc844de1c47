"""What a model consists of: every layer with the shape it puts out and the number of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scratchnn.backend import Array
from scratchnn.core import Layer, Parameter
from scratchnn.recurrent.base import Recurrent


def output_shapes(model: Layer, *inputs: Array) -> dict[int, str]:
    """Run ``inputs`` through the model once, in evaluation mode: the shape of each layer's first output, by its ``id``."""
    shapes: dict[int, str] = {}
    layers = [layer for _, layer in model.named_layers()]
    modes = [layer.training for layer in layers]

    def watched(layer: Layer) -> Callable[..., Any]:
        forward = layer.forward

        def run(*args: Any, **kwargs: Any) -> Any:
            y = forward(*args, **kwargs)
            first = y[0] if isinstance(y, tuple) else y
            shapes[id(layer)] = str(tuple(first.shape))
            return y

        return run

    model.evaluate()
    try:
        for layer in layers:
            vars(layer)["forward"] = watched(layer)  # on the object, so that it goes before the class's own
        model.forward(*inputs)
    finally:
        for layer, mode in zip(layers, modes, strict=True):
            vars(layer).pop("forward", None)
            layer.training = mode
    return shapes


def parameter_note(layer: Layer, own: dict[str, Parameter]) -> str:
    """The shapes of a layer's own parameters.

    For a recurrent layer also that of the two matrices side by side, [Wh, Wx] (Andrew Ng's W_a = [W_aa, W_ax]): one row for
    each gate's unit, one column for each entry of [h, x].
    """
    note = ", ".join(f"{name} {'x'.join(f'{size:,}' for size in p.shape)}" for name, p in own.items())
    if isinstance(layer, Recurrent):
        D, columns = own["Wx"].shape
        note += f"; [Wh, Wx] {columns:,} x {own['Wh'].shape[0] + D:,}"
    return note


def summary(model: Layer, *inputs: Array) -> str:
    """A table of all layers.

    Args:
        model: any layer.
        inputs: example inputs, for the output shapes; a batch of one is enough.

    Returns:
        Text of at most 100 columns: layer, output shape, number of parameters, their shapes. A shared parameter is counted
        where it comes first.
    """
    shapes = output_shapes(model, *inputs)
    seen: set[int] = set()
    lines = [f"{'layer':<26} {'output shape':<17} {'parameters':>11}  of shape"]
    for path, layer in model.named_layers():
        own = {name: value for name, value in vars(layer).items() if isinstance(value, Parameter)}
        fresh = {name: p for name, p in own.items() if id(p) not in seen}
        seen.update(id(p) for p in own.values())
        count = sum(p.data.size for p in fresh.values())
        note = parameter_note(layer, own) if own else ""
        if len(fresh) < len(own):
            note += " (shared)"
        name = (
            f"{path.rpartition('.')[2] if not path.rpartition('.')[2].isdigit() else path} {type(layer).__name__}".strip()
        )
        lines.append(f"{name[:26]:<26} {shapes.get(id(layer), ''):<17} {count:>11,}  {note}".rstrip()[:100])
    parameters = model.parameters()
    total = sum(p.data.size for p in parameters)
    frozen = sum(p.data.size for p in parameters if not p.trainable)
    lines.append(f"{'in all':<44} {total:>11,}" + (f"  ({frozen:,} of them frozen)" if frozen else ""))
    return "\n".join(lines)
