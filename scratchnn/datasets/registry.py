"""Which data sets are known. Each is described by the constant ``DATASET`` of its own file in this package.

``data_sets`` finds these files when it is called: a new data set is one new file, and no list has to be extended.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scratchnn.datasets.folder import Published, data_folder, existing, fetch, find
from scratchnn.errors import DataError

Folder = str | Path | None


@dataclass(frozen=True)
class File:
    """One file of a data set.

    Attributes:
        names: names that the file may have, the preferred one first; the name of an unpacked folder may be among them.
        published: what can be downloaded, None if the file has to be obtained by hand.
        unpacked: a path inside the unpacked folder; a data folder that contains it is taken for that folder itself.
    """

    names: tuple[str, ...]
    published: Published | None = None
    unpacked: str = ""


@dataclass(frozen=True)
class DataSet:
    """A data set: what it is, where it comes from, and how its files are read.

    Attributes:
        name: its name on the command line, which is also the name of its sub-folder.
        about: what it is, in one line.
        licence: on what terms it may be used.
        source: a web page, or where to obtain it.
        files: the files, by part: ``"train"``, ``"test"`` ...
        check: reads one part from a data folder and returns what it contains; raises ``DataError`` if it is damaged.
        lines: reads the documents of one part (of all parts if None) from a data folder, as plain text without line ends;
            None if the set is not text.
        labelled: reads the texts of one part and the label of each; None if they have no labels.
        pairs: reads the pairs of source and target of one part, in one of the ``directions``; None if there are no pairs.
        directions: as in "en-de", if either side may be the source; empty if it is always the same one.
        tunes: reads the tunes of one part as a text in ABC notation; None if the set has no tunes.
        parts: the parts that ``lines``, ``labelled`` and ``pairs`` know, if they are not those of ``files``.
        layout: ``"columns"`` or ``"conllu"`` if each file has one token per line, see ``scratchnn.text.columns``.
    """

    name: str
    about: str
    licence: str
    source: str
    files: Mapping[str, File]
    check: Callable[[str, Folder], str]
    lines: Callable[..., Iterator[str]] | None = None  # (folder, part=None)
    labelled: Callable[[str, Folder], tuple[list[str], list[str]]] | None = None
    pairs: Callable[[str, str, Folder], list[tuple[str, str]]] | None = None  # (part, direction, folder)
    directions: tuple[str, ...] = ()
    tunes: Callable[[str, Folder], str] | None = None
    parts: tuple[str, ...] = ()
    layout: str = ""

    def existing(self, part: str, folder: Folder = None) -> Path | None:
        """Where the file of one part is, None if it is missing; for ``folder`` see ``scratchnn.datasets.folder``."""
        file = self.files[part]
        place = data_folder(folder)
        if file.unpacked and os.path.isdir(place / file.unpacked):
            return place
        return existing(self.name, file.names, folder)

    def find(self, part: str, folder: Folder = None, download: bool = False) -> Path:
        """The same, downloaded if it is missing and ``download`` is true.

        Raises:
            DataError: it is missing and cannot or should not be downloaded, or the download failed.
        """
        path = self.existing(part, folder)
        if path is not None:
            return path
        file = self.files[part]
        if file.published is None:
            return find(self.name, file.names, folder)
        if not download:
            option = "" if folder is None else f" --data {shlex.quote(str(folder))}"
            command = f"python -m scratchnn data fetch {self.name}{option}"
            return find(
                self.name, file.names, folder, f"put it there, or download it: {command} (in Python: download=True)"
            )
        path = data_folder(folder) / self.name / file.published.name
        fetch(file.published, path)
        return path

    def fetch(self, folder: Folder = None) -> Iterator[tuple[Path, bool]]:
        """Download what is missing: for each file, where it is and whether it was downloaded now.

        Raises:
            DataError: a missing file cannot be downloaded, or a download failed.
        """
        missing = [part for part in self.files if self.existing(part, folder) is None]
        by_hand = [self.files[part].names[0] for part in missing if self.files[part].published is None]
        if by_hand:
            place = data_folder(folder) / self.name
            raise DataError(f"{self.name} cannot be downloaded ({self.licence}); put {', '.join(by_hand)} into {place}")
        for part in self.files:
            yield self.find(part, folder, download=True), part in missing

    def verify(self, folder: Folder = None) -> tuple[str, str]:
        """Read all files: ``"ok"``, ``"missing"`` or ``"damaged"``, and what was found or what is wrong."""
        missing = [part for part in self.files if self.existing(part, folder) is None]
        found = []
        for part in self.files:
            if part not in missing:
                try:
                    found.append(f"{part}: {self.check(part, folder)}")
                except DataError as error:
                    return "damaged", f"{part}: {error}"
        if missing:
            names = ", ".join(self.files[part].names[0] for part in missing)
            return "missing", "; ".join([*found, f"no {names} in {data_folder(folder) / self.name}"])
        return "ok", "; ".join(found)


def data_sets() -> dict[str, DataSet]:
    """All known data sets by name, in alphabetical order."""
    package = importlib.import_module("scratchnn.datasets")
    modules = [
        importlib.import_module(f"{package.__name__}.{found.name}") for found in pkgutil.iter_modules(package.__path__)
    ]
    known = [module.DATASET for module in modules if hasattr(module, "DATASET")]
    return {dataset.name: dataset for dataset in sorted(known, key=lambda dataset: dataset.name)}


def data_set(name: str) -> DataSet:
    """The data set of this name.

    Raises:
        DataError: there is none.
    """
    known = data_sets()
    if name not in known:
        raise DataError(f"unknown data set {name!r}; choose from {', '.join(known)}")
    return known[name]
