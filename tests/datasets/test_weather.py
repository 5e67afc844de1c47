"""The weather of Beijing and Melbourne: both files, and what is said if one is damaged or missing."""

from __future__ import annotations

import gzip

import pytest
from small_data import BEIJING, MELBOURNE, write
from small_text import assert_one_line, command

from scratchnn.datasets import load_weather
from scratchnn.errors import DataError


def write_weather(folder):
    write(folder / "weather" / "pollution.csv", BEIJING.replace("\n", "\r\n"))
    write(folder / "daily-min-temperatures.csv.gz", gzip.compress(MELBOURNE.encode("utf-8")))


def test_both_parts_are_read_and_verified(folder, capsys):
    write_weather(folder)
    assert (load_weather("beijing"), load_weather("melbourne")) == (BEIJING, MELBOURNE)
    assert command("data", "verify", "weather") == 0
    found = "beijing: 3 rows, SHA-256 as expected; melbourne: 2 rows, SHA-256 as expected"
    assert capsys.readouterr().out == f"ok       weather: {found}\n"
    assert command("data", "list") == 0
    assert "\n  melbourne here: daily-min-temperatures.csv.gz\n" in capsys.readouterr().out


def test_damaged_and_missing_parts(folder, capsys):
    assert command("data", "verify", "weather") == 0
    missing = f"no pollution.csv, daily-min-temperatures.csv in {folder}/weather"
    assert capsys.readouterr().out == f"missing  weather: {missing}\n"
    write_weather(folder)
    write(folder / "weather" / "pollution.csv", BEIJING.replace("-12", "-13"))
    assert command("data", "verify", "weather") == 1
    assert "has 3 rows but is not the known file; obtain it again" in capsys.readouterr().out
    with pytest.raises(DataError, match="weather has no part 'paris'; choose from weather:beijing, weather:melbourne"):
        load_weather("paris")
    assert command("data", "fetch", "weather") == 0  # both are there
    (folder / "weather" / "pollution.csv").unlink()
    capsys.readouterr()
    assert command("data", "fetch", "weather") == 2
    assert_one_line(capsys, "weather cannot be downloaded (not stated by the collection); put pollution.csv into")
