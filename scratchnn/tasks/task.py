"""What one kind of problem has to say, and nothing else; training, evaluating and predicting are the same for all.

Kind     a name, settings, and how a run of this kind trains, loads, evaluates, predicts and samples
Task     a Kind that is trained by ``Trainer``: it says how files become data, how settings become a model, which figure
decides, how a model is evaluated and how lines of input become lines of output
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from scratchnn.core import Model
from scratchnn.errors import DataError
from scratchnn.text import read_text
from scratchnn.text.files import split_lines
from scratchnn.training import Batches
from scratchnn.training.run_folder import Parts, RunFolder
from scratchnn.training.settings import Setting, Values, training_settings

if TYPE_CHECKING:
    from scratchnn.tasks.trained import Trained


@dataclass
class Data:
    """The examples of a run, and what the model needs besides its parameters.

    Attributes:
        parts: what the model needs besides its parameters, by name: vocabularies, names of classes ...
        train, valid: the training and the validation part, in whatever form the task uses.
        digest: of all examples; a resumed run must have the same.
        note: what was read, in a few words: "13 words, 900 reviews to learn".
        initial: values of parameters by name, with which training starts instead of random ones.
    """

    parts: Parts
    train: Any
    valid: Any
    digest: str
    note: str
    initial: Mapping[str, np.ndarray] = field(default_factory=dict)


class Kind:
    """A kind of run.

    Attributes:
        name: of the kind, as in ``train lm``.
        title: what a run of it has trained, as in "a language model".
        description: one sentence for the help.
        settings: everything that can be set for training.
        prediction, sampling: what can be set for ``predict`` beside the input, and for ``sample`` beside the prompt.
        evaluation: what can be set for ``evaluate`` beside the data; ``report`` finds it among the settings of the run.
    """

    name: str
    title: str
    description: str
    settings: tuple[Setting, ...]
    prediction: tuple[Setting, ...] = ()
    sampling: tuple[Setting, ...] = ()
    evaluation: tuple[Setting, ...] = ()

    def train(self, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
        """Train, or continue to train, with the settings that are given, in the folder.

        Args:
            given: settings by name; ``None``, or no entry, if not given.
            folder: where the run is kept.
            resume: whether to continue the run that is there.
            device: ``"cpu"`` or ``"gpu"``.
        """
        raise TypeError(f"{type(self).__name__} does not define train")

    def load(self, folder: RunFolder, settings: Values) -> Trained:
        """The trained model in a folder, with its parts."""
        raise TypeError(f"{type(self).__name__} does not define load")

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """What ``evaluate`` prints about labelled files."""
        raise DataError(f"{trained.place} contains {self.title}, which cannot be evaluated by this command")

    def read_input(self, trained: Trained, file: str) -> list[str]:
        """The lines of input that a file contains, for ``predict``."""
        return split_lines(read_text(file))

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """One line of output for each line of input."""
        raise DataError(f"{trained.place} contains {self.title}, which has no answer to a line of input")

    def sample(self, trained: Trained, prompt: str, options: Values) -> str:
        """A text that begins with the prompt."""
        raise DataError(f"{trained.place} contains {self.title}, which does not write; use predict")


class Task(Kind):
    """A kind of problem that ``Trainer`` trains a model for.

    Attributes:
        own: the settings of data and model; those of training are added.
        defaults: other defaults of training settings, by name.
        rates: learning rates to start from, by optimizer, if not those of every task.
        metric: the validation figure that decides which epoch is best.
        higher_is_better: its direction.
        shown: the figures that are printed after each epoch.
        decimals: digits after the point of a printed figure, if not 4.
        part_names: names of the parts that a run of this task saves.
    """

    own: tuple[Setting, ...]
    defaults: ClassVar[Mapping[str, Any]] = {}
    rates: ClassVar[Mapping[str, float]] = {}
    metric: str
    higher_is_better: bool = False
    shown: tuple[str, ...]
    decimals: ClassVar[Mapping[str, int]] = {}
    part_names: tuple[str, ...] = ("vocabulary",)
    model: type[Model]

    def __init__(self) -> None:
        self.settings = (*self.own, *training_settings(self.defaults, self.rates))

    # --- what a task says --------------------------------------------------------------------------------------------

    def model_class(self, settings: Values) -> type[Model]:
        """The class of the model; a subclass of ``model`` if the settings ask for one."""
        return self.model

    def complete(self, settings: Values) -> None:
        """Fill in the settings that depend on others, and raise if some do not go together."""

    def decides(self, settings: Values) -> tuple[str, bool]:
        """The figure that decides which epoch is best, and whether the highest one is."""
        return self.metric, self.higher_is_better

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """Files into data; generated data if no file is given.

        Args:
            settings: of the run.
            parts: those of the run to start from; made from the training part if None.
        """
        raise TypeError(f"{type(self).__name__} does not define read")

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """The arguments of the model's constructor, apart from ``rng``."""
        raise TypeError(f"{type(self).__name__} does not define config")

    def batches(self, train: Any, settings: Values, parts: Parts) -> Batches:
        """The training part as batches: what ``model.loss`` takes, see also ``Model.inputs``."""
        raise TypeError(f"{type(self).__name__} does not define batches")

    def first_batch(self, batches: Any) -> tuple[np.ndarray, ...]:
        """A batch of one example, for the summary of the model."""
        return tuple(part[:1] for part in batches.batch(0, 0))

    def evaluate(self, model: Model, examples: Any, settings: Values, parts: Parts) -> dict[str, float]:
        """Named figures of a part of the data; the model is left in the mode it was in."""
        raise TypeError(f"{type(self).__name__} does not define evaluate")

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Any:
        """Labelled files in the form of the validation part, by the vocabularies of a trained model."""
        raise TypeError(f"{type(self).__name__} does not define examples")

    # --- the same for all tasks --------------------------------------------------------------------------------------

    def train(self, given: Mapping[str, Any], folder: RunFolder, resume: bool, device: str) -> None:
        """The procedure of all tasks; see ``Kind.train``."""
        from scratchnn.tasks.procedure import train  # the procedure needs this module

        with folder.locked():
            train(self, given, folder, resume, device)

    def load(self, folder: RunFolder, settings: Values) -> Trained:
        """The trained model in a folder, with its parts; see ``Kind.load``."""
        from scratchnn.tasks.trained import load_model

        return load_model(self, folder, settings)

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """One line per figure."""
        for name, value in trained.evaluate(*files).items():
            yield f"{name} {self.show(name, value)}"

    def show(self, name: str, value: float) -> str:
        """A figure with its number of decimals."""
        return f"{value:.{self.decimals.get(name, 4)}f}"
