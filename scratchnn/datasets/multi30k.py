"""Multi30k: captions of photographs in English, German and French, translated by people. 29,000 pairs for training, 1,014
for validation, and four test sets; ``test`` is that of 2016.

Elliott, Frank, Sima'an and Specia, "Multi30K: multilingual English-German image descriptions" (2016); Elliott et al. (2017)
for French. github.com/multi30k/dataset, for research and education, non-commercial. Raw captions of task 1, one per line;
the lines of two languages are aligned. White space is read as single spaces: one German caption contains a tab.
"""

from __future__ import annotations

from pathlib import Path

from scratchnn.datasets.pairs import Pair, check_digest
from scratchnn.datasets.registry import DataSet, File
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

FILES = {  # the name of each part's files without the language
    "train": "train",
    "valid": "val",
    "test": "test_2016_flickr",
    "2017": "test_2017_flickr",
    "coco": "test_2017_mscoco",
    "2018": "test_2018_flickr",
}
SHA256 = {  # of the unpacked files
    "train.en": "460a15fbd157e34a7a9957ee388c1ca247fe47af3ef25fb50442af6c274e0fc6",
    "train.de": "2c2b73fd2b548fbcde3a875e0a78d6ee94d498bfdee6bd3eae3945779e9ddf72",
    "train.fr": "5925a3c18f1587b6b54b87743106e6e8ab93618edb6f65d19eac0621f853a10d",
    "valid.en": "1f2a23d992769b5b3d209b0a10dd0b77c08cceb1f20dfb97ed0aafa49d107227",
    "valid.de": "660e09eb7e1da2f856ea13ee5ad3cf6d36b3d5b0b733c857e94c5747a3dfc660",
    "valid.fr": "5304e444d842e962b2dda4d816b70b22a1765b15401642b7ca37a67477e708dc",
    "test.en": "399a4382932c1aadd3ceb9bef1008d388a64c76d4ae4e9d4728c6f4301cac182",
    "test.de": "4be6b5b3236b79c25475c6bb829800a7ce559e9ba7a1f6c2394fe4d40be46d16",
    "test.fr": "cb3160d69b002bb638e66cc7612fcd56cb0af82eadc9c142dedc438afb885ef6",
    "2017.en": "ce1450ddc5ab0834502579d77a170849952e15a2938b34cc503bdc25ebb4fb98",
    "2017.de": "c3078bc3b36808bf9d20eb2347ed6137016179ef59ec0d2b9b8ecc3fb2880081",
    "2017.fr": "6f3764e31dac41e9455e612958bcfd4e877c5e15cd66df2c2b2be6d9bd83e5b6",
    "coco.en": "43051fdfa86fd5395182e718a94ca67b1b227b9f7c79596ff0f6b813216981d2",
    "coco.de": "58277df3c75f92f7145a11b910b553d1cf82c439249d4dc237c899609eafac22",
    "coco.fr": "39cde3f43f32b0a6bf29ce4917a46329ff32e53070c2fac87506695a740ae0a0",
    "2018.en": "4e585c2dd525911a6ea7730e9d0b516239af3f1b1ffae6a2130223cfb639f25e",
    "2018.de": "39fcc8b3331d76fb42d648d019c6898b0d5e58baac87bc2a0bb93f44ec8db207",
    "2018.fr": "234b4a887da0da4801a3e2c6f21336231ff7dd46daeb80cfa1b551c8bbb78239",
}
DIRECTIONS = tuple(f"{one}-{other}" for one in ("en", "de", "fr") for other in ("de", "en", "fr") if one != other)


def load_multi30k(part: str, direction: str = "en-de", folder: str | Path | None = None) -> list[Pair]:
    """Captions and their translations.

    Args:
        part: ``"train"``, ``"valid"``, ``"test"`` (2016), ``"2017"``, ``"coco"`` or ``"2018"``.
        direction: two of ``en``, ``de`` and ``fr``, such as ``"en-de"``.
        folder: see ``scratchnn.datasets.folder``; files are named as published (``train.en``), plain or ``.gz``.

    Raises:
        DataError: the part or the direction is unknown, a file is missing, or two files have different numbers of lines.
    """
    if part not in FILES:
        raise DataError(f"unknown part {part!r}; choose one of {', '.join(FILES)}")
    if direction not in DIRECTIONS:
        raise DataError(f"unknown direction {direction!r}; choose one of {', '.join(DIRECTIONS)}")
    source, target = (captions(DATASET.find(f"{part}.{language}", folder)) for language in direction.split("-"))
    if len(source) != len(target):
        raise DataError(f"part {part!r} has {len(source):,} and {len(target):,} captions in {direction}; obtain it again")
    return list(zip(source, target, strict=True))


def captions(path: Path) -> list[str]:
    """The lines of a file, white space as single spaces."""
    return [" ".join(line.split()) for line in split_lines(read_text(path))]


DATASET: DataSet = DataSet(
    name="multi30k",
    about="captions of 31,000 photographs in English, German and French",
    licence="for research and education, non-commercial",
    source="https://github.com/multi30k/dataset",
    files={
        name: File(tuple(f"{FILES[name.partition('.')[0]]}.{name.partition('.')[2]}{end}" for end in ("", ".gz")))
        for name in SHA256
    },
    check=lambda part, folder: check_digest(DATASET.find(part, folder), SHA256[part], "captions"),
    pairs=lambda part, direction, folder: load_multi30k(part, direction, folder),
    directions=DIRECTIONS,
    parts=tuple(FILES),
)
