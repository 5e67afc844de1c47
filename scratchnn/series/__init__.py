"""Measurements over time: tables of them, their times, one scale for training and use, and simple forecasts."""

from scratchnn.series.baselines import Baselines
from scratchnn.series.scale import Scale
from scratchnn.series.section import Section
from scratchnn.series.table import Table, read_table
from scratchnn.series.times import Step

__all__ = ["Baselines", "Scale", "Section", "Step", "Table", "read_table"]
