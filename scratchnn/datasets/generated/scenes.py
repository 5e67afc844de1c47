"""Pictures of coloured shapes and captions that are true of them, generated.

A scene has two to four shapes on 48 x 48 pixels, each with a colour, a shape, a size and a place. They do not touch. A
caption names two of them and their relation:

    a red circle left of a blue square

The relation follows the axis on which the centres are further apart: left of, right of, above or below. In every scene, any
two shapes are at least ``CLEAR`` pixels further apart on one axis than on the other, so that a relation is true or false.

``UNSEEN`` pairs of a colour and a shape, such as a red circle, occur with one kind of relation only: those in ``SIDEWAYS``
never above or below anything, the others in ``UPRIGHT`` never left or right of anything. ``scenes`` makes such captions for
training and testing; ``unseen=True`` makes scenes that need one of the combinations which are left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scratchnn.backend import seed_from
from scratchnn.errors import DataError, whole_number

SIZE = 48  # rows and columns
COLOURS = {
    "red": (214, 39, 40),
    "green": (44, 160, 44),
    "blue": (31, 90, 200),
    "yellow": (240, 210, 40),
    "purple": (130, 60, 170),
    "black": (25, 25, 25),
}
SHAPES = ("circle", "square", "triangle", "cross")
COLOUR_NAMES = tuple(COLOURS)
RADII = (4, 6)
SIDEWAYS = (("red", "circle"), ("blue", "square"), ("yellow", "triangle"))  # in training never above or below
UPRIGHT = (("green", "circle"), ("purple", "square"), ("black", "cross"))  # in training never left or right of
UNSEEN = (*SIDEWAYS, *UPRIGHT)
BACKGROUND = 235
NOISE = 6  # standard deviation of each channel
CLEAR = 6  # pixels
GAP = 3  # pixels between two shapes
TRIES = 200


@dataclass(frozen=True)
class Thing:
    """One shape: ``row`` and ``column`` of its centre, and its radius, in pixels."""

    colour: str
    shape: str
    row: int
    column: int
    radius: int

    @property
    def name(self) -> str:
        """As in a caption."""
        return f"{self.colour} {self.shape}"


@dataclass(frozen=True)
class Scene:
    """A picture, uint8 (48, 48, 3), what is in it, and a caption."""

    picture: np.ndarray
    things: tuple[Thing, ...]
    caption: str


def relation(one: Thing, other: Thing) -> str:
    """How ``one`` is placed relative to ``other``."""
    down, right = one.row - other.row, one.column - other.column
    if abs(right) > abs(down):
        return "right of" if right > 0 else "left of"
    return "below" if down > 0 else "above"


def is_true(caption: str, things: tuple[Thing, ...]) -> bool:
    """Whether a caption names two different shapes of a scene and their relation, and all of it is right."""
    return any(
        caption == f"a {one.name} {relation(one, other)} a {other.name}"
        for one in things
        for other in things
        if one is not other
    )


def is_left_out(name: tuple[str, str], how: str) -> bool:
    """Whether a pair of colour and shape does not occur with a relation in training."""
    return (name in SIDEWAYS and how in ("above", "below")) or (name in UPRIGHT and how in ("left of", "right of"))


def scenes(count: int, seed: int, unseen: bool = False) -> list[Scene]:
    """``count`` scenes; the same arguments give the same scenes.

    Args:
        count: number of scenes.
        seed: any whole number from 0; other seeds give other scenes.
        unseen: whether the scenes have two shapes whose relation is left out of training for at least one of them.
    """
    whole_number(count, "scenes: count")
    rng = np.random.default_rng(seed_from(whole_number(seed, "scenes: seed", 0), int(unseen)))
    return [_scene(rng, unseen) for _ in range(count)]


def _scene(rng: np.random.Generator, unseen: bool) -> Scene:
    """One scene."""
    while True:
        things = _things(rng, 2 if unseen else int(rng.integers(2, 5)))
        pairs = [(one, other) for one in things for other in things if one is not other]
        wanted = [pair for pair in pairs if _left_out(*pair) == unseen]
        if wanted:
            one, other = wanted[rng.integers(len(wanted))]
            return Scene(draw(things, rng), things, f"a {one.name} {relation(one, other)} a {other.name}")


def _left_out(one: Thing, other: Thing) -> bool:
    """Whether a caption of two shapes has a combination that is left out of training."""
    how = relation(one, other)
    return any(is_left_out((thing.colour, thing.shape), how) for thing in (one, other))


def _things(rng: np.random.Generator, count: int) -> tuple[Thing, ...]:
    """Shapes that do not touch, with different names and clear relations."""
    found: list[Thing] = []
    for _ in range(TRIES):
        radius = RADII[rng.integers(len(RADII))]
        colour, shape = (names[rng.integers(len(names))] for names in (COLOUR_NAMES, SHAPES))
        row, column = (int(rng.integers(radius + 1, SIZE - radius - 1)) for _ in range(2))
        thing = Thing(colour, shape, row, column, radius)
        if all(_fits(thing, other) for other in found):
            found.append(thing)
        if len(found) == count:
            return tuple(found)
    return _things(rng, count)


def _fits(one: Thing, other: Thing) -> bool:
    """Whether two shapes have different names, do not touch, and have a clear relation."""
    down, right = abs(one.row - other.row), abs(one.column - other.column)
    apart = max(down, right) > one.radius + other.radius + GAP
    return one.name != other.name and apart and abs(down - right) >= CLEAR


def draw(things: tuple[Thing, ...], rng: np.random.Generator) -> np.ndarray:
    """The picture of a scene, uint8 (48, 48, 3): a light background with a little noise."""
    picture = np.full((SIZE, SIZE, 3), BACKGROUND, dtype=np.float64)
    row, column = np.mgrid[:SIZE, :SIZE]
    for thing in things:
        down, right, r = row - thing.row, column - thing.column, thing.radius
        if thing.shape == "circle":
            inside = down**2 + right**2 <= r**2
        elif thing.shape == "square":
            inside = np.maximum(abs(down), abs(right)) <= r - 1
        elif thing.shape == "triangle":  # its tip is above
            inside = (abs(down) <= r) & (2 * abs(right) <= down + r)
        else:
            inside = (np.maximum(abs(down), abs(right)) <= r) & (np.minimum(abs(down), abs(right)) <= r // 3)
        picture[inside] = COLOURS[thing.colour]
    picture += NOISE * rng.standard_normal(picture.shape)
    return picture.round().clip(0, 255).astype(np.uint8)


def random_caption(rng: np.random.Generator) -> str:
    """The caption of another scene, for comparison."""
    return _scene(rng, unseen=False).caption


def write_scenes(folder: str, count: int, seed: int) -> None:
    """Save scenes as PNG files and their captions as ``captions.tsv``: a name, a tab, a caption.

    Raises:
        DataError: the folder cannot be written.
    """
    from matplotlib.image import imsave

    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
        lines = []
        for number, scene in enumerate(scenes(count, seed)):
            imsave(place / f"{number:05d}.png", scene.picture)
            lines.append(f"{number:05d}.png\t{scene.caption}\n")
        (place / "captions.tsv").write_text("".join(lines), encoding="utf-8")
    except OSError as error:
        raise DataError(f"{place}: {error.strerror or error}") from None
