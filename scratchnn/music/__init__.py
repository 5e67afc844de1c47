"""Tunes in ABC notation: reading and checking them, their notes, and files that can be played."""

from scratchnn.music.abc import Tune, read_tunes, split_tokens
from scratchnn.music.bars import bar_fault, beat_fault
from scratchnn.music.copies import longest_copy, runs
from scratchnn.music.notes import Note, tune_notes
from scratchnn.music.transpose import transpose

__all__ = [
    "Note",
    "Tune",
    "bar_fault",
    "beat_fault",
    "longest_copy",
    "read_tunes",
    "runs",
    "split_tokens",
    "transpose",
    "tune_notes",
]
