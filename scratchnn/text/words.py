"""Words of running text: lower case, without punctuation.

A word is a run of letters and digits, with inner apostrophes (it's, l'été). HTML line breaks, which collected reviews
contain, separate words. For English texts these are the words of ``data text imdb``, so that word vectors and language
models trained on that file know them.
"""

from __future__ import annotations

import re

WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
BREAK = re.compile(r"<br\s*/?>", re.IGNORECASE)


def plain_tokens(text: str) -> list[str]:
    """The words of a text in lower case, without punctuation."""
    return WORD.findall(BREAK.sub(" ", text).replace("\u2019", "'").lower())
