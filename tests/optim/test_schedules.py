"""Learning-rate schedules: values computed by hand, and those of PyTorch if it has the same schedule."""

from __future__ import annotations

import json
from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core import Parameter
from scratchnn.errors import CheckpointError, DataError
from scratchnn.optim import SGD, Cosine, Plateau, StepDecay


def optimizer(lr):
    return SGD([Parameter(np.zeros(1))], lr)


def rates(schedule, losses):
    """The rate of each epoch, and of the next one, given the validation losses of the epochs."""
    found = [schedule.optimizer.lr]
    for epoch, loss in enumerate(losses, start=1):
        schedule.after_epoch(epoch, loss)
        found.append(schedule.optimizer.lr)
    return found


def test_zaremba_small_model():
    """Epochs 1 to 4 at the first rate, half of it in epoch 5, a quarter in epoch 6."""
    schedule = StepDecay(optimizer(1.0), 0.5, after=4)
    assert rates(schedule, [None] * 6) == [1, 1, 1, 1, 0.5, 0.25, 0.125]


def test_step_decay_every_second_epoch():
    schedule = StepDecay(optimizer(8.0), 0.5, after=1, every=2)
    assert rates(schedule, [None] * 5) == [8, 4, 4, 2, 2, 1]


def test_divide_by_four():
    """The rule of the book: a quarter after each epoch that is not better than the best, equal ones included."""
    schedule = Plateau(optimizer(16.0), factor=0.25, patience=0)
    assert rates(schedule, [5.0, 4.0, 4.0, 4.5, 3.9, 3.95]) == [16, 16, 16, 4, 1, 1, 0.25]


def test_plateau_patience_counts_epochs_in_a_row_and_restarts():
    schedule = Plateau(optimizer(8.0), factor=0.5, patience=1)
    assert rates(schedule, [3, 4, 2, 3, 3, 3, 3]) == [8, 8, 8, 8, 8, 4, 4, 2]


def test_plateau_takes_nan_and_infinity_for_no_improvement():
    schedule = Plateau(optimizer(8.0), factor=0.5)
    assert rates(schedule, [nan, inf, 2.0, nan]) == [8, 4, 2, 2, 1]


def test_plateau_needs_a_loss():
    with pytest.raises(DataError, match="Plateau: needs a validation loss"):
        Plateau(optimizer(1.0)).after_epoch(1)


def test_cosine_by_hand():
    schedule = Cosine(optimizer(3.0), epochs=4, minimum=1.0)
    expected = [3, 2 + sqrt(0.5), 2, 2 - sqrt(0.5), 1, 1]
    np.testing.assert_allclose(rates(schedule, [None] * 5), expected, rtol=1e-15)


@pytest.mark.parametrize(
    "make",
    [lambda o: StepDecay(o, 0.5, after=2), lambda o: Plateau(o, 0.5, patience=1), lambda o: Cosine(o, 10, 0.01)],
)
def test_state_survives_json_and_continues(make):
    """Interrupted after any epoch, saved as JSON and resumed with a new optimizer, the rates are the same."""
    losses = [3.0, 3.0, 2.0, 2.5, 2.6, 2.7, 2.8]
    expected = rates(make(optimizer(1.0)), losses)
    for cut in range(len(losses)):
        first = make(optimizer(1.0))
        rates(first, losses[:cut])
        text = json.dumps(first.state_dict(), allow_nan=False)
        resumed = make(optimizer(1.0))
        resumed.optimizer.load_state_dict(first.optimizer.state_dict())
        resumed.load_state_dict(json.loads(text))
        found = [resumed.optimizer.lr]
        for epoch in range(cut + 1, len(losses) + 1):
            resumed.after_epoch(epoch, losses[epoch - 1])
            found.append(resumed.optimizer.lr)
        assert found == expected[cut:]


def test_state_of_another_schedule_is_refused():
    schedule = Plateau(optimizer(1.0))
    with pytest.raises(CheckpointError, match=r"Plateau: the saved state has \['start'\], expected \['best', "):
        schedule.load_state_dict({"start": 1.0})
    assert schedule.state_dict() == {"best": None, "epochs_without": 0}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepDecay(o, 0.0), "StepDecay: factor must be above 0"),
        (lambda o: Plateau(o, 1.5), "Plateau: factor must be .* at most 1, got 1.5"),
        (lambda o: StepDecay(o, 0.5, after=0), "StepDecay: after must be 1 or more, got 0"),
        (lambda o: StepDecay(o, 0.5, every=0), "StepDecay: every must be 1 or more"),
        (lambda o: Cosine(o, 0), "Cosine: epochs must be 1 or more"),
        (lambda o: Cosine(o, 5, minimum=-1.0), "Cosine: minimum must be 0 or more"),
        (lambda o: Plateau(o, patience=-1), "Plateau: patience must be 0 or more"),
    ],
)
def test_bad_settings(make, message):
    with pytest.raises(DataError, match=message):
        make(optimizer(1.0))


@pytest.mark.parity
@given(
    lr=st.floats(0.01, 10),
    factor=st.floats(0.1, 0.95),
    size=st.integers(1, 4),
    epochs=st.integers(1, 12),
    losses=st.lists(st.sampled_from([1.0, 2.0, 3.0, 4.0]), min_size=1, max_size=12),
)
@settings(max_examples=40, deadline=None)
def test_schedules_equal_torch(lr, factor, size, epochs, losses):
    torch = pytest.importorskip("torch")

    def compare(make, make_theirs, count):
        their_optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr)
        theirs = make_theirs(their_optimizer)
        their_optimizer.step()  # PyTorch warns if a schedule is used before the first step
        expected = [lr]
        for loss in losses[:count]:
            theirs.step(*([loss] if isinstance(theirs, torch.optim.lr_scheduler.ReduceLROnPlateau) else []))
            expected.append(their_optimizer.param_groups[0]["lr"])
        found = rates(make(optimizer(lr)), losses[:count])
        np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)

    lr_scheduler = torch.optim.lr_scheduler
    compare(
        lambda o: StepDecay(o, factor, after=size, every=size), lambda o: lr_scheduler.StepLR(o, size, factor), len(losses)
    )
    compare(
        lambda o: Plateau(o, factor, patience=size - 1),
        # its threshold requires more than any improvement, its eps ignores small changes of the rate
        lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=factor, patience=size - 1, threshold=0, eps=0),
        len(losses),
    )
    compare(
        lambda o: Cosine(o, epochs, minimum=lr / 8),
        lambda o: lr_scheduler.CosineAnnealingLR(o, epochs, eta_min=lr / 8),
        epochs,  # after that, the rate rises again in PyTorch
    )
