"""How much of the bar is left? A clock that follows the tokens of a tune.

    left = (metre - sum of the lengths of the notes and rests since the latest bar line) / unit                    (1)
    id   = 12 left, rounded, between LEAST and MOST, - LEAST                                                       (2)

A note without a length has one unit: after "A" the clock has counted 1, after "A" and "2" it has counted 2. So it says at
every token how much is left if no length, and no > or <, follows. It is negative in a bar that is too long, unless what
follows makes the latest note shorter. Twelfths of the unit hold halves, quarters and triplets of these exactly.

The clock depends on the tokens so far alone. A network that reads it beside the tokens does not have to learn to add
fractions; when the network writes a tune, the clock follows what it writes.
"""

from __future__ import annotations

from fractions import Fraction

from scratchnn.music.lengths import Lengths

STEPS = 12  # per unit
LEAST, MOST = -2 * STEPS, 16 * STEPS  # two units too long; a bar of 16 units
CLOCKS = MOST - LEAST + 1  # distinct ids


class BarClock:
    """Equations (1) and (2) for one tune, whose header comes first; until then the metre is 4/4 and the unit 1/8."""

    def __init__(self) -> None:
        self.lengths = Lengths("4/4", "1/8")
        self.elapsed = Fraction(0)  # since the latest bar line, in whole notes

    def push(self, token: str) -> Fraction:
        """The value of ``left`` after a token."""
        before = self.lengths.latest
        if self.lengths.push(token) == "bar":
            self.elapsed = Fraction(0)
        elif self.lengths.begins:
            self.elapsed += self.lengths.latest
        else:
            self.elapsed += self.lengths.latest - before
        return self.left()

    def left(self) -> Fraction:
        """Equation (1)."""
        return (self.lengths.metre - self.elapsed) / self.lengths.unit


def clock_id(left: Fraction) -> int:
    """Equation (2)."""
    return min(max(round(STEPS * left), LEAST), MOST) - LEAST
