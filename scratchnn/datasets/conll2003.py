"""English newspaper text with the names of persons, places, organisations and others, of the CoNLL-2003 shared task.

Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 shared task" (2003). Four columns: the word, its part of
speech, its chunk, and the entity tag, here in IOB2. 14,041 sentences in train, 3,250 in valid (``eng.testa``) and 3,453 in
test (``eng.testb``). The text is from the Reuters corpus and licensed, so it cannot be downloaded here.
"""

from __future__ import annotations

from scratchnn.datasets.registry import DataSet, File, Folder
from scratchnn.datasets.token_files import checked_part

NAMES = {"train": "eng.train", "valid": "eng.testa", "test": "eng.testb"}
SHA256 = {  # of the unpacked files
    "train": "213953b5522fb7924802d883e50f027b2c6ffb5d4d0e63368ed82909f9b60423",
    "valid": "c02eb19809eafb83998326a0481942eb37d96f31826ae387cfe8773699969f5b",
    "test": "dc4ac7f3d6d01a6bec59261814561da3b287b6b493b97d1f69c580b52ec1831b",
}


def _check(part: str, folder: Folder) -> str:
    """Read one part and compare it with the expected file."""
    return checked_part(DATASET, part, folder, SHA256)


DATASET = DataSet(
    name="conll2003",
    about="names in English newspaper text, four types (CoNLL-2003 shared task)",
    licence="for research, under the agreement of the Reuters corpus",
    source="the Reuters corpus (RCV1) with the annotation of the shared task",
    files={part: File((name, name + ".gz")) for part, name in NAMES.items()},
    check=_check,
    layout="columns",
)
