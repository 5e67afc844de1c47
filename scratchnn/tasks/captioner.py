"""``captioner``: a picture in, a caption out."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.beam import Found
from scratchnn.core import Model
from scratchnn.data import PictureCaptions
from scratchnn.data.pictures import scaled
from scratchnn.datasets.generated.scenes import is_true, random_caption
from scratchnn.errors import DataError
from scratchnn.files import check_new_file
from scratchnn.inspection.captions import CaptionMap, plot_captions
from scratchnn.metrics import exact_match, perplexity
from scratchnn.models.captioner import ATTENTIONS, Captioner
from scratchnn.plot import save_figure
from scratchnn.recurrent.cells import CELLS
from scratchnn.tasks.caption_sources import (
    PARTS,
    TRUE,
    Captioned,
    digest_of,
    is_scenes,
    known_scenes,
    read_sources,
    size_of,
    true_share,
)
from scratchnn.tasks.picture_files import read_picture
from scratchnn.tasks.pretrained import check_known
from scratchnn.tasks.report_figure import saved
from scratchnn.tasks.tables import EXAMPLES, GENERATED, VALID, split
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.tasks.writing import DECODING, ROWS, SHOWN, answer_lines, check_n_best, write
from scratchnn.text import END, Vocabulary, join_tokens, texts_to_sequences, tokenize
from scratchnn.training.evaluation import mean_loss
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

MAPS = 10  # pictures in a figure
SCENES = PARTS["train"][0]  # that are learned, if no number is given
ARCHITECTURE = ("channels", "embedding_size", "hidden_size", "cell", "attention", "dropout")


class CaptionerTask(Task):
    """Pictures of one size and their captions, word by word."""

    name = "captioner"
    title = "a captioner of pictures"
    description = "Train a model that describes pictures, on a folder of PNG files with captions.tsv."
    own = (
        replace(EXAMPLES, help="folders of pictures with captions.tsv: name, tab, caption (default: generated scenes)",
                metavar="FOLDER"),
        replace(VALID, help="validation folder (default: a tenth of the pictures; other scenes)", metavar="FOLDER"),
        Setting("--scenes", "scenes", None, f"generated scenes to learn (default: {SCENES})", int, "N", identity=False),
        Setting("--channels", "channels", ["16", "32", "64"], "outputs of each convolution", metavar="C", many=True),
        Setting("--cell", "cell", "lstm", "recurrent cell of the decoder", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 128, "units of the decoder", int, "H"),
        Setting("--embed", "embedding_size", 32, "size of the embeddings", int, "D"),
        Setting("--attention", "attention", "additive", f"score of the regions: {', '.join(ATTENTIONS)}", metavar="SCORE",
                choices=ATTENTIONS),
        Setting("--dropout", "dropout", 0.0, "dropout of regions, embeddings and outputs", float, "P", inherited=False),
    )  # fmt: skip
    prediction = (
        *DECODING,
        *SHOWN,
        Setting("--attention", "attention_figure", None, "figure of where the model looks at each word", metavar="PNG"),
    )
    evaluation = DECODING
    defaults: ClassVar = {"epochs": 20}
    rates: ClassVar = {"adam": 0.002}
    metric = TRUE
    higher_is_better = True
    shown = ("loss", "exact match", TRUE)
    model = Captioner

    def complete(self, settings: Values) -> None:
        """Channels are whole numbers; a number of scenes is for scenes."""
        for size in settings["channels"]:
            if not size.isdecimal() or not int(size):
                raise DataError(f"--channels must be whole numbers of 1 or more, got {size!r}")
        if learns_scenes(settings):
            settings["scenes"] = settings["scenes"] or SCENES
        elif settings["scenes"] not in (None, SCENES):  # older runs on folders have the default saved
            raise DataError(f"--scenes has no effect with --data {' '.join(settings['data'])}; leave one of them out")

    def decides(self, settings: Values) -> tuple[str, bool]:
        """The share of true captions of generated scenes; the loss of other pictures, for which it is not known."""
        valid = settings["valid"]
        return (TRUE, True) if learns_scenes(settings) and (valid is None or is_scenes(valid)) else ("loss", False)

    # --- data --------------------------------------------------------------------------------------------------------

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """The words of the training captions; all pictures have the size of the first."""
        train, valid = self.read_parts(settings)
        words = (token for one in train for token in tokenize(one.caption, "word"))
        if parts is None:
            parts = {"vocabulary": Vocabulary.build(words)}
        else:
            ids = texts_to_sequences([one.caption for one in train], parts["vocabulary"])
            check_known(ids, parts["vocabulary"], "--from")
        rows, columns = settings["size"] = list(size_of(train))
        sizes = f"vocabulary of {len(parts['vocabulary']):,} tokens, pictures of {columns} x {rows} pixels"
        note = f"{len(train):,} captions to learn, {len(valid):,} to validate, {sizes}"
        return Data(parts, train, valid, digest_of(train, valid), note)

    def read_parts(self, settings: Values) -> tuple[list[Captioned], list[Captioned]]:
        """Training and validation part; a picture with several captions is in one of them."""
        folders, valid = settings["data"], settings["valid"]
        if learns_scenes(settings):
            train = known_scenes(settings["scenes"], *PARTS["train"][1:])
            return train, known_scenes(*PARTS["valid"]) if valid is None else read_sources([valid], size_of(train), "valid")
        examples = read_sources(folders, None, "train")
        if valid is not None:
            return examples, read_sources([valid], size_of(examples), "valid")
        by_picture: dict[int, list[Captioned]] = {}
        for one in examples:
            by_picture.setdefault(id(one.picture), []).append(one)
        kept, cut = split(list(by_picture.values()), settings["seed"])
        return [one for group in kept for one in group], [one for group in cut for one in group]

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> list[Captioned]:
        """Pictures of the size that the model knows; scenes that are named without a part are those of the test part."""
        size = settings.get("size")
        return read_sources(files, None if size is None else tuple(size), "test", "the model knows")

    # --- training ----------------------------------------------------------------------------------------------------

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of pictures and vocabulary, and the architecture."""
        rows, columns = settings["size"]
        sizes = {"rows": rows, "columns": columns, "target_size": len(parts["vocabulary"])}
        chosen = {name: settings[name] for name in ARCHITECTURE if name in settings}
        return {**sizes, **chosen, "channels": [int(size) for size in settings["channels"]]}

    def batches(self, train: list[Captioned], settings: Values, parts: Parts) -> PictureCaptions:
        """Pictures with teacher forcing, in another order in each epoch."""
        vocabulary = parts["vocabulary"]
        ids = texts_to_sequences([one.caption for one in train], vocabulary)
        options = {"begin": vocabulary.begin, "end": vocabulary.end, "seed": settings["seed"]}
        return PictureCaptions([one.picture for one in train], ids, settings["batch_size"], **options)

    def evaluate(self, model: Model, examples: list[Captioned], settings: Values, parts: Parts) -> dict[str, float]:
        """Mean loss in nats per word, and how many greedy captions are those of the examples, or true of the scene."""
        longest = max(len(one.caption.split()) for one in examples)
        options = {**settings, "limit": longest + 1, "beam": 1, "length_norm": 0.0}
        answers = captions(model, [one.picture for one in examples], options, parts)
        return self.figures(model, examples, [text_of(best.ids, parts) for best, *_ in answers], settings, parts)

    def figures(
        self, model: Model, examples: list[Captioned], texts: list[str], settings: Values, parts: Parts
    ) -> dict[str, float]:
        """Mean loss, perplexity, and how many captions are exact, and true of scenes that are known."""
        loss = mean_loss(model, self.batches(examples, settings, parts))
        same = exact_match([text.split() for text in texts], [one.caption.split() for one in examples])
        found = {"loss": loss, "perplexity": perplexity(loss), "exact match": same}
        return {**found, **true_share(texts, examples)}

    # --- answers -----------------------------------------------------------------------------------------------------

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Loss, perplexity, exact match, the share of true captions beside that of other scenes, and a figure."""
        defaults = {setting.name: setting.default for setting in self.evaluation}
        settings, parts, model = {**defaults, **trained.settings}, trained.parts, trained.model
        examples = self.examples(files, settings, parts)
        pictures = [one.picture for one in examples]
        answers = captions(model, pictures, settings, parts)
        texts = [text_of(best.ids, parts) for best, *_ in answers]
        for name, value in self.figures(model, examples, texts, settings, parts).items():
            yield f"{name} {self.show(name, value)}"
        rng = np.random.default_rng(0)
        for name, value in true_share([random_caption(rng) for _ in examples], examples).items():
            yield f"captions of random scenes: {name} {self.show(name, value)}"
        pairs = zip(texts, examples, strict=True)
        true = [None if one.things is None else is_true(text, one.things) for text, one in pairs]
        shown = maps(trained, pictures[:MAPS], answers[:MAPS], true[:MAPS])
        references = [one._replace(reference=example.caption) for one, example in zip(shown, examples, strict=False)]
        figure = plot_captions(references)
        yield saved(figure, Path(trained.place) / "captions.png", f"the first {len(pictures[:MAPS])} captions")

    def read_input(self, trained: Trained, file: str) -> list[str]:
        """The pictures of a folder, or the names that are the lines of a file."""
        if os.path.isdir(file):
            names = [str(path) for path in sorted(Path(file).iterdir()) if path.suffix.lower() == ".png"]
            if not names:
                raise DataError(f"{file} has no pictures; name a folder of PNG files, or a file of their names")
            return names
        return super().read_input(trained, file)

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """The caption of the picture in each file; with ``n_best`` or ``json``, several and their scores."""
        check_n_best(options)
        files, parts, figure = list(lines), trained.parts, options["attention_figure"]
        if "" in files:
            raise DataError(f"line {files.index('') + 1} of the input is empty; each line is the name of a PNG file")
        if figure is not None:
            check_new_file(figure, "--attention")
            if trained.model.attention is None:
                raise DataError(f"{trained.place} has a model without attention; train one with --attention additive")
        size = trained.model.config["rows"], trained.model.config["columns"]
        pictures = [read_picture(file, size, "the model knows") for file in files]
        answers = captions(trained.model, pictures, options, parts)
        if figure is not None and pictures:
            save_figure(plot_captions(maps(trained, pictures[:MAPS], answers[:MAPS], [None] * MAPS)), figure)
        yield from answer_lines("picture", files, answers, lambda ids: text_of(ids, parts), options)


# --- pictures and captions -------------------------------------------------------------------------------------------


def learns_scenes(settings: Values) -> bool:
    """Whether the training part is generated, and nothing else."""
    data = settings["data"]
    return not data or (data in ([GENERATED], [f"{GENERATED}:train"]) and is_scenes(data[0]))


def captions(model: Model, pictures: Sequence[np.ndarray], options: Values, parts: Parts) -> list[list[Found]]:
    """What the model writes about each picture, best first; see ``writing.write``."""
    assert isinstance(model, Captioner)
    found: list[list[Found]] = []
    at_once = max(ROWS // options["beam"], 1)
    with model.evaluation():  # here rather than in every step
        for start in range(0, len(pictures), at_once):
            state = model.start(scaled(pictures[start : start + at_once]))
            found += write(model, state, parts["vocabulary"], options)
    return found


def text_of(ids: Iterable[int], parts: Parts) -> str:
    """The caption with these ids."""
    return join_tokens(parts["vocabulary"].decode(list(ids)), "word")


def maps(
    trained: Trained, pictures: Sequence[np.ndarray], answers: Sequence[list[Found]], true: Sequence[bool | None]
) -> list[CaptionMap]:
    """The pictures with their best captions, and where attention looks while the model writes them."""
    model, vocabulary = trained.model, trained.parts["vocabulary"]
    name = backend_name(model.target.W.data)
    shape = model.encoder.regions(*pictures[0].shape[:2])
    found = []
    for picture, (best, *_), right in zip(pictures, answers, true, strict=False):
        words, weights = vocabulary.decode(best.ids), None
        if model.attention is not None:
            words += [END] * best.ended
            inputs = np.array([[vocabulary.begin, *best.ids]])
            batch = (scaled([picture]), inputs, np.array([inputs.shape[1]]))
            alignments = to_numpy(model.alignments(*(move(part, name) for part in batch)))[0]  # (T, S)
            weights = alignments[: len(words)].reshape(-1, *shape)
        found.append(CaptionMap(picture, words, weights, 2**model.encoder.halvings, right))
    return found


KIND = CaptionerTask()
