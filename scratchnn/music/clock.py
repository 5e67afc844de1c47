"""How much of the bar is left? A clock that follows the tokens of a tune.

    left   = (metre - length of the notes and rests since the bar began) / unit                                    (1)
    close  = left - upbeat / unit                                                                                  (2)
    id     = 12 left, rounded, between LEAST and MOST, - LEAST;  for close the same, + SIZE                        (3)

A note without a length has one unit: after "A" the clock has counted 1, after "A" and "2" it has counted 2. So it says at
every token how much is left if no length, and no > or <, follows. It is negative in a bar that is too long, unless what
follows makes the latest note shorter. Twelfths of the unit hold halves, quarters and triplets of these exactly.

A bar begins at a single bar line, and at any other one if the bar before is full. Where a repeat sign or a double bar comes
earlier, the bar goes on: a part often begins with an upbeat, and its last bar leaves out as much. ``upbeat`` is the length
of the first bar of the part if that is not a full one. So ``left`` is 0 where a bar has to end, and ``close`` is 0 where a
part has to end.

The clock depends on the tokens so far alone. A network that reads it beside the tokens does not have to learn to add
fractions; when the network writes a tune, the clock follows what it writes.
"""

from __future__ import annotations

from fractions import Fraction

from scratchnn.music.lengths import Lengths
from scratchnn.music.notes import ending

STEPS = 12  # per unit
LEAST, MOST = -2 * STEPS, 16 * STEPS  # two units too long; a bar of 16 units
SIZE = MOST - LEAST + 1  # values of one count
COUNTS = 2  # left and close
CLOCKS = COUNTS * SIZE  # distinct ids


class BarClock:
    """Equations (1) to (3) for one tune, whose header comes first; until then the metre is 4/4 and the unit 1/8.

    Attributes:
        elapsed: length since the bar began, in whole notes.
        upbeat: length of the first bar of this part if it is not a full one, in whole notes; else 0.
    """

    def __init__(self) -> None:
        self.lengths = Lengths("4/4", "1/8")
        self.elapsed = self.upbeat = Fraction(0)
        self.began = False  # whether the first bar of the tune has ended; an upbeat may be all of it
        self.first_bar: Fraction | None = Fraction(0)  # length of the first bar of this part so far; None after it
        self.before_endings = Fraction(0)  # ``elapsed`` where the ending 1 began: where all endings begin

    def push(self, token: str) -> None:
        """Follow one token."""
        latest = self.lengths.latest
        kind = self.lengths.push(token)
        if kind == "bar":
            self._bar_line(token)
            return
        before = Fraction(0) if self.lengths.begins else latest
        self.elapsed += self.lengths.latest - before
        if self.first_bar is not None:
            self.first_bar += self.lengths.latest - before

    def _bar_line(self, sign: str) -> None:
        """A bar line, which may also begin a part or an ending."""
        metre = self.lengths.metre
        if self.first_bar:
            self.upbeat = self.first_bar if self.first_bar < metre else Fraction(0)
            self.first_bar = None
        if self.elapsed and (sign == "|" or self.elapsed >= metre or not self.began):
            self.elapsed, self.began = Fraction(0), True
        if ending(sign) == 1:
            self.before_endings = self.elapsed
        elif ending(sign):
            self.elapsed, self.first_bar = self.before_endings, None
        elif ":" in sign or sign in ("||", "|]"):
            self.first_bar = Fraction(0)

    def ids(self) -> tuple[int, ...]:
        """Equation (3)."""
        left = self.lengths.metre - self.elapsed
        counts = left / self.lengths.unit, (left - self.upbeat) / self.lengths.unit  # (1), (2)
        return tuple(min(max(round(STEPS * count), LEAST), MOST) - LEAST + SIZE * k for k, count in enumerate(counts))
