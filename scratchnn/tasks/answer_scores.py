"""Scores of written answers: BLEU and chrF, which are sacrebleu's, and how varied the answers are.

sacrebleu tokenizes by itself, so that scores of different systems can be compared, and names how in its signature. Papineni
et al. (2002) for BLEU, Popović (2015) for chrF, Post (2018) for sacrebleu, Li et al. (2016) for distinct n-grams.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scratchnn.metrics import distinct_ngrams

MISSING = 'BLEU and chrF need sacrebleu: pip install -e ".[scores]"'


def score_lines(answers: Sequence[str], references: Sequence[str]) -> Iterator[str]:
    """BLEU and chrF in lower case with their signatures, or how to get them; distinct-1 and distinct-2 of the words."""
    try:
        from sacrebleu.metrics import BLEU, CHRF
    except ImportError:
        yield MISSING
    else:
        for metric in (BLEU(lowercase=True), CHRF(lowercase=True)):
            score = metric.corpus_score(list(answers), [list(references)])
            yield f"{score.name.removesuffix('2')} {score.score:.2f} ({metric.get_signature()})"
    words = [answer.split() for answer in answers]
    yield ", ".join(f"distinct-{n} {distinct_ngrams(words, n):.4f}" for n in (1, 2)) + " (of the words)"
