"""Universal Dependencies: sentences with parts of speech and dependency trees, in the CoNLL-U format.

de Marneffe, Manning, Nivre and Zeman, "Universal Dependencies" (2021). Two treebanks are known by name:

    en_ewt      English Web Treebank: weblogs, newsgroups, e-mails, reviews, questions
    ko_kaist    KAIST Korean treebank: a word is what is between spaces (어절)

A part is named after both: ``ud:en_ewt:test``. A release may correct the annotation of an earlier one, so ``data verify``
says whether a file is the one with which the figures of this project were measured; any release can be used.
"""

from __future__ import annotations

from scratchnn.datasets.registry import DataSet, File, Folder
from scratchnn.datasets.token_files import checked_part

SHA256 = {  # of the unpacked files
    "en_ewt:train": "3fb78e2b55482c8ee00caa653af436c88c9e5bc9a73ce26e4ae3ddc79d2b7e7b",
    "en_ewt:valid": "531a54ff90d6ab12201c5a50c3e78e6ddac4de69abc4bce5d275d3cd29efe2b6",
    "en_ewt:test": "e266e515a0a7547657ed3d90d9ba46487d6bd251f27ad4269d4e8a427c8555cd",
    "ko_kaist:train": "91b77763aff5dc401aa32d27da7f804f84807ede6425dd9f421e7d73d5f53a38",
    "ko_kaist:valid": "0f1af94122e4db1819652231aa9172fb99f123def13c06a6e761314875ccd71b",
    "ko_kaist:test": "d2ed73b208060c9776262cb5817ed97840283872d21c777068459f72cd736d62",
}


def _names(part: str) -> tuple[str, ...]:
    """File names of one part, as a release has them, and without ``ud``; the validation part is called dev there."""
    treebank, split = part.split(":")
    split = "dev" if split == "valid" else split
    return tuple(f"{treebank}{mark}-{split}.conllu{end}" for mark in ("-ud", "") for end in ("", ".gz"))


def _check(part: str, folder: Folder) -> str:
    """Read one part and compare it with the expected file."""
    return checked_part(DATASET, part, folder, SHA256)


DATASET = DataSet(
    name="ud",
    about="parts of speech and dependency trees, English (EWT), Korean (Kaist)",
    licence="CC BY-SA 4.0",
    source="https://github.com/UniversalDependencies: UD_English-EWT, UD_Korean-Kaist",
    files={part: File(_names(part)) for part in SHA256},
    check=_check,
    layout="conllu",
)
