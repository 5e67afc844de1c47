"""Measurements of the weather: Beijing, hourly, 2010 to 2014, and Melbourne, daily, 1981 to 1990.

``beijing`` has 43,824 rows: row number, year, month, day, hour, particles (pm2.5, micrograms per cubic metre; missing in
2,067 rows), dew point and temperature (DEWP, TEMP, whole degrees Celsius), pressure (PRES, hPa), wind direction (cbwd),
wind speed summed up since the direction changed (Iws, m/s), hours of snow and of rain (Is, Ir). Liang et al., "Assessing
Beijing's PM2.5 pollution" (2015).

``melbourne`` has 3,650 rows: the minimum temperature of each day (Temp, degrees Celsius); 1984-12-31 and 1988-12-31 are
absent. Australian Bureau of Meteorology.

The files have the names and the content of the collection github.com/jbrownlee/Datasets. Their licences are not stated
there, so they are not downloaded here: put them into a folder.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

NAMES = {"beijing": "pollution.csv", "melbourne": "daily-min-temperatures.csv"}
SHA256 = {  # of the unpacked files, with line feeds
    "beijing": "34da912a99e1f6327ce28cddcec8deb28a80295e8d3065057dc51387f8fe2670",
    "melbourne": "178c85707c148319c4ca35069d044c799ff22e8d71b7a2c08922216756d18961",
}


def load_weather(part: str, folder: str | Path | None = None) -> str:
    """The CSV file of one part.

    Args:
        part: ``"beijing"`` or ``"melbourne"``.
        folder: see ``scratchnn.datasets.folder``; the files may be plain or ``.gz``.

    Raises:
        DataError: the part is unknown, or the file is missing.
    """
    if part not in NAMES:
        raise DataError(f"weather has no part {part!r}; choose from {', '.join(f'weather:{one}' for one in NAMES)}")
    return read_text(DATASET.find(part, folder))


def _check(part: str, folder: str | Path | None) -> str:
    """Read one part and compare it with the known file."""
    text = load_weather(part, folder)
    found = f"{len(split_lines(text)) - 1:,} rows"
    if hashlib.sha256(text.encode("utf-8")).hexdigest() != SHA256[part]:
        raise DataError(f"{DATASET.find(part, folder)} has {found} but is not the known file; obtain it again")
    return f"{found}, SHA-256 as expected"


DATASET = DataSet(
    name="weather",
    about="hourly weather of Beijing, daily temperatures of Melbourne",
    licence="not stated by the collection",
    source="https://github.com/jbrownlee/Datasets",
    files={part: File((name, f"{name}.gz")) for part, name in NAMES.items()},
    check=_check,
)
