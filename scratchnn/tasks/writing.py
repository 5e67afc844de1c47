"""What tasks whose models write have in common: options of the search, the search itself, and how answers are printed."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from scratchnn.beam import Found, beam_search
from scratchnn.errors import DataError
from scratchnn.models.decoder import DecoderModel
from scratchnn.models.decoder_state import DecoderState
from scratchnn.training.settings import Setting, Values

ROWS = 320  # beams that are computed side by side
LIMIT = Setting("--limit", "limit", 100, "largest number of tokens in an answer", int, "M")
DECODING = (
    LIMIT,
    Setting("--beam", "beam", 1, "beginnings that are kept for each source; 1 is greedy", int, "B"),
    Setting("--length-norm", "length_norm", 1.0, "score of an answer of t tokens: log p / t^A", float, "A"),
)
SHOWN = (
    Setting("--n-best", "n_best", 1, "answers per line, each with its score", int, "K"),
    Setting("--json", "json", False, "JSON with the score of each answer", bool),
)


def write(model: DecoderModel, state: DecoderState, target: Any, options: Values) -> list[list[Found]]:
    """What the model writes from each row of a first state, best first.

    Args:
        model: in evaluation mode.
        state: from ``model.start``.
        target: the vocabulary of the answers, with all special tokens.
        options: ``beam``, ``limit`` and ``length_norm``, see ``beam_search``.
    """
    return beam_search(
        model.step,
        state,
        target.begin,
        target.end,
        beam=options["beam"],
        limit=options["limit"],
        length_norm=options["length_norm"],
        avoid=[target.padding, target.unknown, target.begin],
        select=model.select,
    )


def check_n_best(options: Values) -> None:
    """Raise ``DataError`` if more answers are asked for than the search keeps."""
    if options["n_best"] > options["beam"]:
        raise DataError(f"--n-best {options['n_best']} needs a --beam of {options['n_best']} or more")


def answer_lines(
    name: str, sources: Sequence[str], answers: Sequence[list[Found]], text_of: Callable[[list[int]], str], options: Values
) -> Iterator[str]:
    """The lines that ``predict`` prints: the best answer to each source, or several with their scores, or JSON.

    Args:
        name: of a source, in JSON.
        sources: as they were given.
        answers: what was found for each, best first.
        text_of: the text of an answer's ids.
        options: ``n_best`` and ``json``.
    """
    for source, found in zip(sources, answers, strict=True):
        best = [(text_of(one.ids), one) for one in found[: options["n_best"]]]
        if options["json"]:
            shown = [{"text": text, "score": round(one.score, 6), "ended": one.ended} for text, one in best]
            yield json.dumps({name: source, "answers": shown}, ensure_ascii=False)
        elif options["n_best"] > 1:
            yield from (f"{one.score:.4f}\t{text}" for text, one in best)
        else:
            yield best[0][0]
