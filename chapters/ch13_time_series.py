# %% [markdown] id="ch13-title"
# # 13. Time series
#
# It is six in the morning. How much power will the solar panels on the roof give at noon? A series of measurements
# can be read like a sentence, and what comes next can be forecast like the next word. But when is a forecast good?
# Repeating yesterday may be better than your network, and a network that has seen the answer by accident looks best
# of all.
#
# So you first look at the series, then beat the simple forecasts one after another, and always check that nothing
# of the future leaks into the past. At the end the network gives an interval, not only a number, and shows when it
# is unsure.

# %%
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from scratchnn import losses
from scratchnn.book.examples import ch13 as examples
from scratchnn.book.figures import ch13 as figures
from scratchnn.book.page import FULL, show
from scratchnn.data import SeriesWindows
from scratchnn.datasets.generated import generated_solar
from scratchnn.datasets.generated.solar import BEST
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers.dropout import dropout_mask
from scratchnn.metrics import mean_absolute_error
from scratchnn.models.forecaster import Forecaster
from scratchnn.optim import Adam, Cosine
from scratchnn.recurrent import GRU
from scratchnn.recurrent.gru_reset_after import gru_reset_after_step, gru_reset_after_step_backward
from scratchnn.recurrent.plain_loop import loop_backward, loop_forward
from scratchnn.series import Scale, read_table
from scratchnn.series.baselines import season_earlier
from scratchnn.series.ridge import Ridge
from scratchnn.training import Trainer

# %% [markdown] id="ch13-preview"
# The next cell trains the network of this chapter before anything is explained. Do not read it closely yet: each
# part comes again below. The data is a generated roof, a year of hours. Because it is generated, the *best
# possible* forecast is known as well, and in the long run no method that reads only the power can go below it.

# %%
T, AHEAD = 24, 6  # a window of one day; its target is six hours after the last hour that is known
LEVELS = (0.1, 0.5, 0.9)
table = read_table("solar", generated_solar(8760, seed=0))
power = table.numbers("power")  # v (rows,), in kW, one row per hour
ROWS = len(power)
TRAIN, TEST = 6132, 7446  # rows at which the validation part and the test part begin
mean, deviation = power[:TRAIN].mean(), power[:TRAIN].std()
clock = 2 * np.pi * np.arange(ROWS) / 24  # the angle of an hour hand that turns once a day
inputs = np.stack([(power - mean) / deviation, np.sin(clock), np.cos(clock)], axis=1)  # (rows, D)
inputs = inputs.astype(np.float32)
D = inputs.shape[1]


def batches_of(inputs, begin, end, ahead=AHEAD, size=128):
    """All windows with targets in the rows begin .. end - 1; the target is the first input."""
    targets = np.arange(max(begin, T - 1 + ahead), end)  # (N,)
    starts = targets - ahead - T + 1
    return SeriesWindows(inputs, inputs[:, 0], size, lookback=T, delay=ahead, starts=starts)


def fit(model, batches, epochs, seed=0, on_epoch=None):
    """Train with Adam, with a learning rate that falls to zero along half a cosine wave."""
    optimizer = Adam(model.parameters(), 0.005)
    options = {"schedule": Cosine(optimizer, epochs), "max_norm": 1.0, "on_epoch": on_epoch}
    Trainer(model, optimizer, batches, seed=seed, progress=False, **options).fit(epochs)
    model.evaluate()
    return model


def in_kw(y):
    """Scaled forecasts in the unit of the power."""
    return mean + deviation * y.astype(np.float64)


def forecasts_of(model, begin, end):
    """Forecasts in kW for the rows begin .. end - 1: (N,), or (N, Q) with quantiles."""
    batches = batches_of(inputs, begin, end)
    return in_kw(model.forward(batches.pick(batches.starts)[0])[:, 0])


unsure = Forecaster(D, T, 1, hidden_size=32, quantiles=LEVELS, rng=np.random.default_rng(0))
fit(unsure, batches_of(inputs, 0, TRAIN), epochs=8)
best = examples.best_quantiles(power, AHEAD, LEVELS)  # of row t + AHEAD, at row t
preview = {
    "as now": power[TEST - AHEAD : -AHEAD],
    "as at this hour yesterday": power[TEST - 24 : -24],
    "this network": forecasts_of(unsure, TEST, ROWS)[:, 1],
    "best possible": best[TEST - AHEAD : -AHEAD, 1],
}
preview_errors = {name: mean_absolute_error(y, power[TEST:]) for name, y in preview.items()}
for name, error in preview_errors.items():
    print(f"{name:<26} wrong by {error:.2f} kW on average")
days = slice(7680, 7680 + 96)  # four days of the test part, from midnight
interval = forecasts_of(unsure, days.start, days.stop)
show(
    figures.answer(power[days], interval, preview_errors),
    "13.1",
    "Left: four days of the test part, each hour forecast six hours before, with an interval "
    "that should contain 80 % of the measurements. It is narrow at night and wide at noon. "
    "Right: the mean error beside simple forecasts.",
)

# %% [markdown] id="ch13-able"
# ## What you will be able to do
#
# - find the period of a series in a plot, and by hand in its autocorrelation and its spectrum;
# - cut a series into windows without leaks, and prove with a test that no window sees the future;
# - name the simple forecasts that a network has to beat, and compute the best linear one in five lines;
# - train a GRU on windows, with dropout where it does no harm to the memory;
# - decide by measurement whether more layers, a second direction or another order are worth their time;
# - forecast quantiles with the pinball loss, and check how often the interval is right, and when;
# - recognise a forecast that is worth nothing, such as that of a random walk.
#
# You need the recurrent network (chapter 5), the GRU, dropout and both directions (chapter 6). The quick run takes
# about a minute. Made-up data is in [`examples/ch13.py`](../scratchnn/book/examples/ch13.py), the code that only
# draws in [`figures/ch13.py`](../scratchnn/book/figures/ch13.py).
#
# | letter | meaning | shape |
# |--|--|--|
# | $v_t$ | the value to be forecast at step $t$, here the power in kW | (rows,) |
# | $x$ | $N$ windows of $T$ steps with $D$ inputs each | $(N, T, D)$ |
# | $d$ | steps from the last known one to the target, here 6 | |
# | $y$ | the forecasts: one number per window, or $Q$ quantiles | $(N,)$ or $(N, Q)$ |
# | $q$ | the level of a quantile, between 0 and 1 | $(Q,)$ |
# | $S$ | steps in a season: a day has 24 hours | |
# | $h$ | the state of the GRU, $H$ units | $(N, H)$ |
# | $\nu$ | a frequency, in cycles per step | |
# | $f$, $w$, $b$ | the best linear forecast: inputs, weights, bias | $(N, F)$, $(F,)$, () |
#
# ## Look first
#
# A network will take any numbers that you give it. So look before you model. What repeats, and after how many
# steps? What is noise? Are values missing? Does the second half look like the first?

# %%
show(
    figures.look(power),
    "13.2",
    "Top: the highest power of each day, for the whole year. There is no trend, but good and "
    "bad days come in groups. Bottom: the first two weeks, hour by hour: a hill every day, as "
    "high as the clouds allow.",
)

# %% [markdown] id="ch13-autocorrelation"
# You see the period at once: a hill per day. A number should say so, too. Print the series on a transparent sheet,
# lay the sheet over the plot, and push it to the right by $k$ steps. When do hills lie on hills? The
# **autocorrelation** (자기상관) measures how well the two agree, with $\bar v$ for the mean of the series:
#
# $$ r_k = \frac{\sum_t (v_t - \bar v)(v_{t+k} - \bar v)}{\sum_t (v_t - \bar v)^2} \tag{1} $$
#
# It is 1 for $k = 0$, near 0 if the values are unrelated, and negative if hills lie on valleys. The sum in the
# numerator runs over the steps for which both values exist.
#
# A second way to find periods is to compare the series with waves. For a wave with $\nu$ cycles per step, compute how
# much of it the series contains, whatever the wave's phase. All these amplitudes together are the **spectrum**
# (스펙트럼):
#
# $$ A_\nu = \frac{2}{M} \sqrt{ \Big( \sum_t (v_t - \bar v) \cos 2 \pi \nu t \Big)^2
#    + \Big( \sum_t (v_t - \bar v) \sin 2 \pi \nu t \Big)^2 } \tag{2} $$
#
# where $M$ is the number of values. If the series is a wave of height 3 kW with frequency $\nu$, and $M \nu$ is a
# whole number, then $A_\nu = 3$ kW.


# %%
def autocorrelation(v, most):
    """Equation (1) for k = 0 .. most: (most + 1,)."""
    away = v - v.mean()
    return np.array([away[: len(v) - k] @ away[k:] for k in range(most + 1)]) / (away @ away)  # (1)


def amplitude(v, nu):
    """Equation (2) for a frequency nu, in cycles per step."""
    away, phase = v - v.mean(), 2 * np.pi * nu * np.arange(len(v))
    return 2 / len(v) * np.hypot(away @ np.cos(phase), away @ np.sin(phase))  # (2)


lags = autocorrelation(power, 72)
cycles = np.arange(1, 366) / 73  # per day; each fits a whole number of times into the year
spectrum = np.array([amplitude(power, per_day / 24) for per_day in cycles])
fast = 2 / ROWS * abs(np.fft.rfft(power - power.mean()))[5:1826:5]  # the fast Fourier transform
print("NumPy's Fourier transform gives the same:", np.allclose(spectrum, fast, rtol=0, atol=1e-9))
highest = 1 + int(lags[1:].argmax())
print(f"autocorrelation after 12, 24 and 48 hours: {lags[12]:.2f}, {lags[24]:.2f}, {lags[48]:.2f}")
for k in np.argsort(-spectrum)[:3]:
    print(f"a wave with a period of {24 / cycles[k]:4.1f} hours: amplitude {spectrum[k]:.2f} kW")
noons = power[12::24]  # (365,)
day_to_day = autocorrelation(noons, 3)
print(f"from noon to noon: {day_to_day[1]:.2f} after one day, {day_to_day[3]:.2f} after three")
show(
    figures.periods(lags, 24 / cycles, spectrum),
    "13.3",
    "Left: the autocorrelation is highest after one, two and three days. Right: the spectrum "
    "has one high peak at 24 hours and smaller ones at 12 and 6.",
)

# %% [markdown] id="ch13-q-harmonics"
# > **Question.** Nothing on the roof happens every 12 hours. Why does the spectrum have a peak there?
# >
# > <details><summary>Answer</summary>
# >
# > A wave with a period of 24 hours would be as deep at midnight as it is high at noon. The power is zero all
# > night. To build a hill with a flat valley out of waves, you need faster ones as well, whose periods fit into the
# > day: 12 hours, 6 hours. A shape that repeats every 24 hours contains only such waves. So peaks at some of 24,
# > 12, 8, 6 ... hours usually mean *one* period, with a shape that is not a wave.
# >
# > </details>
#
# One more number deserves attention. From noon to noon the correlation is far from 0 and far from 1: yesterday's
# clouds say something about today's. A forecast at six in the morning can use them, but it has to remember them
# through a dark night.
#
# ## Windows
#
# The network needs examples: inputs and a target. Slide a window of $T$ steps along the series. The last step in
# the window is *now*; the target is the value $d$ steps later. With the inputs $x_t$ of each step (the scaled power
# and the time of day), window $n$ at the moment $t$ is
#
# $$ x_n = (x_{t-T+1}, \ldots, x_t) \qquad \mathrm{target}_n = v_{t+d} \tag{3} $$
#
# The time of day goes in as a point on a circle, $(\sin, \cos)$ of the angle of a hand that turns once a day. As
# the number 0 to 23 it would jump from 23 to 0 at midnight, though 23:00 and 0:00 are neighbours.

# %%
show(
    figures.windows(),
    "13.4",
    "Top: two windows of T = 5 steps with d = 2, cut from one series, become rows of an array. "
    "Bottom: the three parts in order of time. A window of the validation part may look back "
    "into the training part: at that moment those rows are known.",
)

# %% [markdown] id="ch13-rules"
# Three rules keep the future out.
#
# 1. **Split by time.** The network learns from the first part, you choose settings on the second, and read the
#    third once, at the end. (Figure 13.1 read it at the beginning, to show you where we are going. Nothing is chosen
#    by it.) Never shuffle windows before you split: neighbours share nearly all of their steps.
# 2. **Scale with the training part alone.** Mean and deviation are measurements as well. If they come from all
#    rows, the training has heard something about the test.
# 3. **Inputs of a window are what is known at its last step.** A gap is filled with the last value before it, never
#    with a line to the value after it.
#
# > **Question.** The training part has 6,132 rows, $T = 24$ and $d = 6$. How many windows have their target in it?
# >
# > <details><summary>Answer</summary>
# >
# > The first window covers the rows 0 to 23, and its target is row 29. So the rows 0 to 28 are the target of no
# > window: 6,132 - 29 = 6,103. The next cell prints it.
# >
# > </details>


# %%
def make_windows(x, v, T, d, begin, end):
    """Equation (3) for the targets v[begin:end]: inputs (N, T, D), targets (N,)."""
    target = np.arange(max(begin, T - 1 + d), end)  # (N,), rows
    now = target - d
    rows = now[:, None] + np.arange(-T + 1, 1)  # (N, 1) + (T,) -> (N, T)
    return x[rows], v[target]


train_x, train_v = make_windows(inputs, power, T, AHEAD, 0, TRAIN)
valid_x, valid_v = make_windows(inputs, power, T, AHEAD, TRAIN, TEST)
print(f"{TRAIN:,} training rows make {len(train_x):,} windows:", train_x.shape, train_v.shape)
print("validation windows", valid_x.shape, "targets", valid_v.shape)
print(f"mean {mean:.3f} kW and deviation {deviation:.3f} kW, of the training part")

batches = batches_of(inputs, 0, TRAIN)
theirs, their_targets = batches.pick(batches.starts)
scale = Scale.fit(table, TRAIN, "power", ["power"], with_calendar=True)
same = np.array_equal(theirs, train_x) and np.allclose(
    in_kw(their_targets[:, 0]), train_v, atol=1e-5
)
same = same and np.allclose(scale.apply(table)[0][:, :3], inputs, rtol=0, atol=1e-5)
print("the package gives the same windows and the same scale:", same)

# %% [markdown] id="ch13-baselines"
# The package's windows are in [`windows.py`](../scratchnn/data/windows.py), its scale in
# [`scale.py`](../scratchnn/series/scale.py), which also encodes columns of text, fills gaps, and adds the calendar.
#
# ## Forecasts that cost nothing
#
# A network is a lot of work. What would you get without it? Four forecasts need no training, or hardly any. Such a
# forecast is a baseline (chapter 8):
#
# - *as now*: $y = v_t$, also called persistence;
# - *a season earlier*: the value at the same hour of the last day that is known,
#   $y = v_{t + d - S \lceil d / S \rceil}$. With $d = 6$ and $S = 24$ that is $v_{t-18}$;
# - *the usual value*: the mean of all training rows at this hour of the day;
# - *ridge*: the best linear function of the window.
#
# The last is the one to fear. Let $f$ $(N, F)$ be a row of $F$ numbers for each window: all $T$ measurements, and the
# time of day at the last step. Of all functions $y = f w + b$, take the one with the smallest squared error on the
# training part, and punish large weights a little, so that noise is not learned. This is **ridge regression** (능형
# 회귀), and it has a formula instead of a training loop (Hoerl and Kennard, 1970):
#
# $$ w = (f_c^T f_c + \alpha I)^{-1} f_c^T v_c \qquad b = \bar v - \bar f w \tag{4} $$
#
# where $f_c$ and $v_c$ are the inputs and targets minus their means $\bar f$ and $\bar v$, and $\alpha$ is chosen
# on the validation part.


# %%
def rows_of(x):
    """All measurements of a window, the time of day at its last step: (N, T, D) -> (N, F)."""
    return np.concatenate([x[:, :, 0], x[:, -1, 1:]], axis=1).astype(np.float64)


def ridge(f, v, alpha):
    """Equation (4): w (F,) and b."""
    centred = f - f.mean(axis=0)
    gram = centred.T @ centred + alpha * np.eye(f.shape[1])  # (F, N) @ (N, F) -> (F, F)
    w = np.linalg.solve(gram, centred.T @ (v - v.mean()))  # (F,)
    return w, v.mean() - f.mean(axis=0) @ w


valid_batches = batches_of(inputs, TRAIN, TEST)
package_ridge = Ridge.fit(batches, 1, valid_batches)
w, b = ridge(rows_of(train_x), train_v, package_ridge.alpha)
ridge_valid = rows_of(valid_x) @ w + b
theirs = in_kw(package_ridge.forecast(valid_batches)[:, 0])
print("the package gives the same:", np.allclose(ridge_valid, theirs, rtol=0, atol=1e-4))

now = np.arange(TRAIN, TEST) - AHEAD  # (N,), the last known row of each window
usual = np.array([power[hour:TRAIN:24].mean() for hour in range(24)])
simple = {
    "as now": power[now],
    "a day earlier": power[now + AHEAD - 24],  # S = 24, and d is less than S
    "the usual value": usual[(now + AHEAD) % 24],
    "ridge": ridge_valid,
    "best possible": examples.best_quantiles(power, AHEAD, [0.5])[now, 0],
}
same = np.array_equal(season_earlier(power, now, AHEAD, 1, 24)[:, 0], simple["a day earlier"])
print("and the same value a day earlier:", same)
errors = {name: mean_absolute_error(y, valid_v) for name, y in simple.items()}
for name, error in errors.items():
    print(f"{name:<16} wrong by {error:.3f} kW on average")

# %% [markdown] id="ch13-q-baselines"
# These are errors on the validation part, in kW: the **mean absolute error** (평균 절대 오차), the mean of $|y - v|$.
# Always report it in the unit of the series. An error of scaled values has no meaning to the owner of the roof.
#
# *As now* is the worst by far: six hours are a quarter of a day, and the sun moves. The last line is not a forecast
# that you could have. It is computed from the equations of the roof, and only the clouds are hidden from it
# ([`examples/ch13.py`](../scratchnn/book/examples/ch13.py)). What lies between it and ridge is all that a network
# can gain.
#
# > **Question.** For which $d$ are *as now* and *a day earlier* the same forecast? For which is *as now* better?
# >
# > <details><summary>Answer</summary>
# >
# > For $d = 24$ the value now *is* the value a day before the target, so they are the same, and so for 48, 72 ...
# > For small $d$, say one hour, the power has hardly changed and *as now* is better. There is no baseline that is
# > best for all $d$. Compute all of them, and compare with the best.
# >
# > </details>
#
# ## A GRU on windows
#
# Why should a network do better than the best line? Because of a product. The power is the height of the sun
# *times* what the clouds let through. A linear function can add the two effects, but not multiply them: with the
# same cloud it takes the same number of kilowatts off at noon and at midnight. A network can multiply, and a
# recurrent one can keep what it knows about the clouds while it reads.
#
# A window is a sequence in and one number out, the shape N:1 of chapter 5. The numbers are encoded (scaled, with a
# clock), the GRU sums up the time, and a dense layer decodes its last state. One trick helps: forecast the
# *difference* from the last value, so that a network that has learned nothing says *as now*.
#
# $$ h = \mathrm{GRU}(x)_T \qquad y = x_T[0] + h W_o + b_o \tag{5} $$
#
# where $x_T[0]$ is the scaled power at the last step of the window.

# %%
show(
    figures.reader(),
    "13.5",
    "From a window to a forecast. One state per window is left after T steps, and a dense layer "
    "turns it into Q numbers: one forecast, or later three quantiles.",
)

# %%
model = Forecaster(D, T, 1, hidden_size=32, rng=np.random.default_rng(0))
Wo = 0.1 * np.random.default_rng(1).standard_normal((32, 1)).astype(np.float32)
model.output.W.data = Wo  # it starts at zero, and zero would hide a mistake
gru = model.reader[0].layers.layers[0]
weights = [parameter.data for parameter in gru.weights()]  # Wx, Wh, b, bh, as in chapter 6
few = train_x[:5]
states, h, _ = loop_forward(gru_reset_after_step, few, np.zeros((5, 32), np.float32), weights)
y = few[:, -1, :1] + h @ Wo + model.output.b.data  # (5)  (N, H) @ (H, 1) -> (N, 1)
print("window", few.shape, "states", states.shape, "last state", h.shape, "forecast", y.shape)
model.evaluate()
print("the package gives the same:", np.allclose(model.forward(few), y, rtol=0, atol=1e-5))

# %% [markdown] id="ch13-train"
# Now train it. The loss is the mean absolute error, the learning rate falls along half a cosine wave, and after
# each epoch the error on the validation part is noted in kW.


# %%
def train_reader(epochs=8, seed=0, end=TRAIN, **options):
    """A forecaster trained on the rows before ``end``, and its validation error in kW by epoch."""
    model = Forecaster(D, T, 1, hidden_size=32, rng=np.random.default_rng(seed), **options)
    return train_model(model, epochs, seed, end)


def train_model(model, epochs, seed=0, end=TRAIN):
    curve = []

    def note(trainer):
        trainer.model.evaluate()
        curve.append(mean_absolute_error(forecasts_of(trainer.model, TRAIN, TEST), valid_v))
        trainer.model.train()

    batches = batches_of(inputs, 0, end)
    fit(model, batches, epochs, seed, note)
    return model, curve


reader, curve = train_reader()
parameters = sum(p.data.size for p in reader.parameters())
errors["GRU"] = curve[-1]
print(f"{parameters:,} parameters; by epoch:", *(f"{error:.3f}" for error in curve))
gained = (errors["ridge"] - errors["GRU"]) / (errors["ridge"] - errors["best possible"])
print(f"GRU {errors['GRU']:.3f}, ridge {errors['ridge']:.3f}", end=", ")
print(f"best possible {errors['best possible']:.3f}: {gained:.0%} of the way is done")
show(
    figures.errors(errors),
    "13.6",
    "Mean absolute error on the validation part. Ridge is a little better than the usual value "
    "of the hour; the GRU goes most of the way from there to the best possible.",
)

# %% [markdown] id="ch13-fair"
# We can say what share of the way from ridge to the best is done only because this series is generated. With real data
# you have ridge and your network, and you do not know how far it is to the bottom.
#
# One thing is not fair yet. Ridge makes the *squared* error small and is judged by the absolute one; the network
# was trained on what it is judged by. The next section but one trains the GRU on the squared error as well.
#
# ## Dropout that leaves the memory alone
#
# When a network learns the noise of its training part, dropout makes that harder (chapter 6). But where do you put
# it in a recurrent network? The obvious place is wrong. If you drop entries of the state *at every step, with a new
# mask each time*, then whatever the network wants to keep for 24 steps has to survive 24 draws. Imagine a message
# that passes through 24 people, each of whom forgets every fifth word.
#
# $$ \mathrm{new\ masks:} \;\; h_t = \mathrm{cell}(x_t, m_t \, h_{t-1}) \qquad
# \mathrm{one\ mask:} \;\; h_t = \mathrm{cell}(x_t, h_{t-1}) \;\; \mathrm{with} \;\; (m \, h_{t-1}) W_h \tag{6} $$
#
# On the right, one mask $m$ per sequence is used at all steps, and only where the state enters the product. The way
# along which the GRU keeps its state, $z_t h_{t-1}$, stays free (Gal and Ghahramani, 2016). The next cell builds
# the wrong one, with a new mask at each step.


# %%
class NewMasks(GRU):
    """A GRU that drops entries of its state at each step with a new mask."""

    def run(self, x, state, lengths, mask_h, lease):
        def step(x, h, *weights):
            m = dropout_mask(h.shape, self.recurrent_dropout, h, self.rng) if self.training else 1
            h_next, cache = gru_reset_after_step(x, h * m, *weights)  # (6), new masks
            return h_next, (cache, m)

        return loop_forward(step, x, state, [parameter.data for parameter in self.weights()])

    def run_backward(self, dy, dstate, cache):
        def step_backward(dh_next, cache):
            dx, dh, *dweights = gru_reset_after_step_backward(dh_next, cache[0])
            return dx, dh * cache[1], *dweights

        dx, dh0, gradients = loop_backward(step_backward, dy, dstate, cache)
        for parameter, gradient in zip(self.weights(), gradients, strict=True):
            parameter.accumulate(gradient)
        return dx, dh0


DROP = 0.2
left = {}  # of 20 states of 200 entries that begin as 1: (20, 24, 200), after each step
for name, cell in {"one mask": GRU, "new masks": NewMasks}.items():
    keeper = cell(1, 200, rng=np.random.default_rng(0), recurrent_dropout=DROP)
    keeper.Wx.data[:], keeper.Wh.data[:] = 0, 0
    keeper.b.data[:200] = 20  # the first block is that of z: keep everything
    zeros, ones = np.zeros((20, 24, 1), np.float32), np.ones((20, 200), np.float32)
    left[name], _ = keeper.forward(zeros, ones)
    last = left[name][:, -1]
    share, largest = (last > 0).mean(), last.max()
    print(f"{name:<9} after 24 steps: {share:.1%} of the entries left, largest {largest:.0f}")

# %% [markdown] id="ch13-dropout-training"
# With one mask all entries are still 1. With new masks nearly all are gone. Since dropout divides by $1 - p$, the
# few that are left have grown at each step, so that the *mean* is about right. It is of no use: there is nothing
# left to read.
#
# Does the right kind of dropout help, then? Train on two months only, where a network should overfit most.

# %%
TWO_MONTHS = 60 * 24
dropout_curves = {}
plain, dropout_curves["no dropout"] = train_reader(25, end=TWO_MONTHS)
_, dropout_curves["one mask"] = train_reader(25, end=TWO_MONTHS, recurrent_dropout=DROP)
for name, curve in dropout_curves.items():
    print(f"{name:<11} validation error {curve[-1]:.3f} kW")
first_targets = power[T - 1 + AHEAD : TWO_MONTHS]
learned_error = mean_absolute_error(forecasts_of(plain, 0, TWO_MONTHS), first_targets)
print(f"no dropout: error on the two months it has learned {learned_error:.3f} kW")
show(
    figures.dropout(left, dropout_curves),
    "13.7",
    "Left: a state that should be kept for 24 steps. Right: validation error by epoch of "
    "networks that are trained on two months.",
)

# %% [markdown] id="ch13-order"
# It does not help here, nor with the seeds 1 and 2. The last line printed says why. The error on the two months
# that were learned is only a little smaller than that on new months. There is hardly any overfitting, and a remedy
# without a disease only costs. So look at both errors before you add dropout; in the full run at the end there is a
# series where it gains half a percent, with one seed.
#
# ## More layers, two directions, another order
#
# Three changes are always proposed. *Stack* a second GRU on the states of the first. Read the window in *both
# directions*, as in chapter 6. And, as a test rather than an improvement, change the *order* of the steps: reverse
# them, or shuffle them in the same way in all windows. No number is lost by that; only the order is.
#
# > **Question.** A GRU reads the window backwards: the latest hour first, 24 hours ago last. Do you expect a larger
# > error? And what about a network that reads in both directions?
# >
# > <details><summary>Answer</summary>
# >
# > The last thing that the reversed GRU reads is the oldest and least useful hour. What it noticed in the latest
# > hours has to be carried through the rest of the window, so the error should be larger. A network with two
# > directions has one GRU that ends at each end of the window, so it should not matter to it which end is first.
# >
# > </details>

# %%
variants = {
    "GRU": {},
    "GRU, two layers": {"layers": 2},
    "GRU, two directions": {"bidirectional": True},
    "GRU, reversed": {"order": "reversed"},
    "GRU, shuffled": {"order": "shuffled"},
    "GRU, squared error": {"error": "squared"},
}
for name, options in variants.items():
    if name not in errors:
        _, curve = train_reader(**options)
        errors[name] = curve[-1]
    print(f"{name:<20} wrong by {errors[name]:.3f} kW on average")
show(
    figures.errors({name: errors[name] for name in ("ridge", *variants, "best possible")}),
    "13.8",
    "Validation error of the variants, seed 0.",
)

# %% [markdown] id="ch13-order-after"
# Reading backwards is a disaster: worse than ridge. Whatever the GRU noticed in the latest hours had to survive 23
# older ones. Shuffled is in between; a likely reason is that some late hours still come late. So this network *uses*
# the order and depends on it. Two directions are about as good as one and take twice the time.
# They pay where both ends of a sequence matter, as for the names of chapter 9, and not where the end is all that
# counts. A second layer gains a few percent, for twice the time. With the seeds 1 and 2 it is the same: reversed is
# worse than ridge, a second layer a little better, and two directions make no difference worth their time; shuffled
# was measured with seed 2, and is in between. Trained on the squared error, the GRU is still well ahead of ridge, so
# the gain is not a matter of the loss. None of this is a law. It is a measurement on one series, and a loop of five
# lines repeats it on yours.
#
# ## An interval, not only a number
#
# *Four kilowatts at noon* is half an answer. Is it four, give or take a tenth, or anything from two to six? You can
# ask the network for **quantiles** (분위수). The quantile of level 0.9 is the value that nine out of ten measurements
# stay below. If you forecast those of levels 0.1 and 0.9, eight out of ten measurements should be between them: a
# **prediction interval** (예측 구간) of 80 %.
#
# How do you train a network to say them, if the targets are single numbers and a quantile was never measured? By a
# loss that is unfair in the right way. Suppose that a level of 0.9 is asked for. If the measurement is above your
# forecast, you pay 0.9 per kilowatt; if it is below, only 0.1. It is cheap to be too high and expensive to be too
# low, so you will say a high number; but not too high. The best you can say is where both sides balance: one
# measurement in ten above, nine below. This is the **pinball loss** (핀볼 손실) of Koenker and Bassett (1978):
#
# $$ \ell_q(y, v) = \max \big( q \, (v - y), \; (q - 1)(v - y) \big) \tag{7} $$
#
# and for $N$ windows and $Q$ levels the loss is the mean over all of them. Its derivative is a step:
#
# $$ L = \frac{1}{N Q} \sum_{n, q} \ell_q(y_{nq}, v_n) \qquad
#    \frac{\partial L}{\partial y_{nq}} = \frac{1}{N Q} \cdot
#    \begin{cases} -q & v_n > y_{nq} \\ 1 - q & v_n < y_{nq} \end{cases} \tag{8} $$
#
# Why does the minimum lie at the quantile? Move $y$ up a little. The share of the measurements above, $P(v > y)$,
# makes the loss fall at the rate $q$, the rest makes it rise at the rate $1 - q$. Nothing is gained any more when
# $q P(v > y) = (1 - q) P(v < y)$, which means $P(v < y) = q$.


# %%
def pinball(y, v, q):
    """Equations (7) and (8), forward: y (N, Q), v (N,), q (Q,); the loss and the cache."""
    away = v[:, None] - y  # (N, Q)
    return np.maximum(q * away, (q - 1) * away).mean(), (away, q)  # (7)


def pinball_backward(dL, cache):
    """The gradient with respect to y (N, Q)."""
    away, q = cache
    return dL * np.where(away > 0, -q, 1 - q) / away.size  # (8)


q = np.array(LEVELS)
rng = np.random.default_rng(0)
y, v = rng.standard_normal((7, 3)), rng.standard_normal(7)
L, cache = pinball(y, v, q)
theirs, their_cache = losses.quantile_error_forward(y, v, q)
same = np.isclose(L, theirs) and np.allclose(
    pinball_backward(1.0, cache),
    losses.quantile_error_backward(1.0, their_cache),
    rtol=0,
    atol=1e-12,
)
print("the package gives the same:", same)
problem = pair_problem(
    lambda y: pinball(y, v, q), lambda dL, cache: (pinball_backward(dL, cache),), {"y": y}
)
print("gradient check, all right:", all(finding.ok for finding in check(problem)))

sample = rng.exponential(1.0, 2001)  # a lopsided distribution
constants = np.linspace(0, 5, 501)
levels = (0.1, 0.5, 0.9)
mean_losses = {
    level: [pinball(np.array([[c]]), sample, np.array([level]))[0] for c in constants]
    for level in levels
}
for level in levels:
    at, quantile = constants[np.argmin(mean_losses[level])], np.quantile(sample, level)
    print(f"level {level}: lowest loss at {at:.2f}, the quantile of the sample is {quantile:.2f}")
show(
    figures.pinball(constants, mean_losses, sample),
    "13.9",
    "Left: the pinball loss of one measurement, for three levels: unequal slopes. Right: the "
    "mean loss of one constant forecast for 2,001 measurements. Each curve is lowest at the "
    "quantile (dotted).",
)

# %% [markdown] id="ch13-coverage"
# The network of the first cells was trained with this loss, with three outputs per window. Does its interval keep
# its promise? Count how many measurements of the test part are inside: the **coverage** (포함률).
#
# Compare it with the cheap way to get an interval. Take any forecast, here ridge, look at its errors on the
# validation part, and add their quantiles to each new forecast. That interval has the same width at midnight and at
# noon.

# %%
test_x, test_v = make_windows(inputs, power, T, AHEAD, TEST, ROWS)
ridge_test = rows_of(test_x) @ w + b
low, high = np.quantile(valid_v - ridge_valid, [0.1, 0.9])
learned = forecasts_of(unsure, TEST, ROWS)[:, [0, 2]]
intervals = {
    "ridge, constant width": np.stack([ridge_test + low, ridge_test + high], axis=1),
    "network": np.sort(learned, axis=1),
    "best possible": best[TEST - AHEAD : -AHEAD, [0, 2]],
}
hour = np.arange(TEST, ROWS) % 24
noon, night = (hour >= 10) & (hour <= 14), (hour <= 4) | (hour >= 20)
coverage = {}
for name, bounds in intervals.items():
    inside = (test_v >= bounds[:, 0]) & (test_v <= bounds[:, 1])
    width = np.diff(bounds, axis=1)[:, 0]
    coverage[name] = np.array([inside[hour == k].mean() for k in range(24)])
    print(f"{name:<22} inside {inside.mean():.0%}", end="; ")
    print(f"night {inside[night].mean():.0%}, {width[night].mean():.2f} kW wide", end="; ")
    print(f"noon {inside[noon].mean():.0%}, {width[noon].mean():.2f} kW wide")
show(
    figures.coverage(coverage),
    "13.10",
    "Share of the test part inside the 80 % interval, by hour of the day. With a constant "
    "width, nearly everything is inside at night, and far too little at noon.",
)
# %% [markdown] id="ch13-walk"
# Overall, all three keep the promise of 80 %. But look when. The interval of constant width contains 98 % at night,
# when it does not matter, and 41 % at noon, when it does. The interval of the network is narrow at night, when only
# the error of the meter is left, and more than three times as wide at noon, when the clouds decide. It was never
# told that nights are easy. The loss punished both an interval that is too wide and one that is missed.
#
# Two outputs of a network may cross: a forecast of the level 0.9 below that of 0.1. The package sorts the quantiles
# of each forecast, and so does the cell above.
#
# ## Forecasting a random walk
#
# Now the series that most people would like to forecast. Each day a price changes by a random number that has nothing
# to do with the past. That is a **random walk** (무작위 행보). Its steps are independent, so no function of the past can
# say anything about the next one. If steps up and steps down are equally likely, as here, the best forecast is the
# last value, and its mean absolute error is the mean size of a step.
#
# Train the same network on such a series, one step ahead, and draw its forecasts over the price.

# %%
walk = examples.random_walk(4000, seed=0)
WALK_TRAIN, WALK_TEST = 2800, 3400
walk_mean, walk_deviation = walk[:WALK_TRAIN].mean(), walk[:WALK_TRAIN].std()
scaled = ((walk - walk_mean) / walk_deviation).astype(np.float32)[:, None]
trader = Forecaster(1, T, 1, hidden_size=16, rng=np.random.default_rng(0))
fit(trader, batches_of(scaled, 0, WALK_TRAIN, ahead=1), epochs=6)
batches = batches_of(scaled, WALK_TEST, len(walk), ahead=1)
y = trader.forward(batches.pick(batches.starts)[0])[:, 0]
said = walk_mean + walk_deviation * y.astype(np.float64)
price, price_before = walk[WALK_TEST:], walk[WALK_TEST - 1 : -1]
level_correlation = np.corrcoef(said, price)[0, 1]
change_correlation = np.corrcoef(said - price_before, price - price_before)[0, 1]
walk_errors = {
    "last value": mean_absolute_error(price_before, price),
    "GRU": mean_absolute_error(said, price),
}
print(f"correlation of forecast and price: {level_correlation:.3f}")
print(f"correlation of forecast change and true change: {change_correlation:.3f}")
for name, error in walk_errors.items():
    print(f"{name:<10} wrong by {error:.3f} on average")
show(
    figures.walk(price, said, price_before),
    "13.11",
    "Left: the forecasts seem to follow the price perfectly. Middle: thirty days of it; the "
    "forecast is the price of the day before. Right: the change that was forecast against the "
    "change that came. There is no relation.",
)

# %% [markdown] id="ch13-walk-after"
# The picture on the left is in many articles. It proves nothing: *as now*, drawn one day later, looks the same. Two
# checks are enough. Compare with the last value, and compare *changes* instead of levels.
#
# Real prices are not exactly random walks, but they are close to one: Meese and Rogoff (1983) found that the economic
# models of their time forecast exchange rates no better than the last value. If a method seems to beat it by much,
# look for a leak first. In chapter 5's table of shapes a price is a sequence like any other,
# and the network reads it without complaint. The shape of a task does not promise that there is anything to learn.
#
# > **Question.** You are shown a network whose forecast of tomorrow's price has a correlation of nearly 1 with the
# > price. What do you ask first?
# >
# > <details><summary>Answer</summary>
# >
# > The mean absolute error beside that of *as now*, on the same days. Then how the windows were split, and what was
# > done to the series before: was it smoothed, and with which rows?
# >
# > </details>
#
# ## What goes wrong
#
# > **What goes wrong.** The future leaks into the inputs. The network trains well, the error on the test part is
# > small, better than anyone's, and in use it is worthless. No gradient check and no loss curve can show it.
#
# Plant three leaks in the random walk, where you know that nothing can be better than the last value, and measure
# what each one is worth.
#
# 1. **The scale from all rows.** Mean and deviation include the test part.
# 2. **A smoothed series.** To remove noise, each value is replaced by the mean of itself, two values before and two
#    after it. The targets are the original prices.
# 3. **A random split.** All windows are shuffled, and the last 15 % are the test part. The forecast, five steps
#    ahead, is the mean target of the two most similar training windows: the simplest network that memorises.


# %%
def scaled_by(rows):
    """A scale from the first ``rows`` rows."""
    return lambda v: (v - v[:rows].mean()) / v[:rows].std()


def centred_means(v):
    """Each value becomes the mean of itself, two before and two after."""
    sums = np.convolve(v, np.ones(5), mode="same")
    return sums / np.convolve(np.ones(len(v)), np.ones(5), mode="same")


def trailing_means(v):
    """Each value becomes the mean of itself and the four before it."""
    sums = np.convolve(v, np.ones(5))[: len(v)]
    return sums / np.minimum(np.arange(len(v)) + 1, 5)


def ridge_error(prepare, d=1):
    """Test error of ridge on a prepared walk, with the original values as targets."""
    x = prepare(walk)[:, None]
    learn, v = make_windows(x, walk, T, d, 0, WALK_TRAIN)
    test, test_v = make_windows(x, walk, T, d, WALK_TEST, len(walk))
    w, b = ridge(learn[:, :, 0], v, alpha=0.01)
    return mean_absolute_error(test[:, :, 0] @ w + b, test_v)


def neighbours_error(learn, v, test, test_v, last):
    """Test errors of the mean target of the two most similar windows, and of the price now."""
    a, c = learn[:, :, 0], test[:, :, 0]
    distances = (a**2).sum(axis=1) - 2 * c @ a.T  # (tests, windows), up to a number per test
    nearest = np.argsort(distances, axis=1)[:, :2]
    return mean_absolute_error(v[nearest].mean(axis=1), test_v), mean_absolute_error(last, test_v)


leaks = {
    "scale from the training part": ridge_error(scaled_by(WALK_TRAIN)),
    "scale from all rows": ridge_error(scaled_by(len(walk))),
    "means of the last five": ridge_error(trailing_means),
    "means of two before to two after": ridge_error(centred_means),
}
print("one step ahead; in the long run nothing is better than the last value:", end=" ")
print(f"{walk_errors['last value']:.3f}")
for name, error in leaks.items():
    print(f"    {name:<33} {error:.3f}")

every, every_v = make_windows(walk[:, None], walk, T, 5, 0, len(walk))
shuffled = np.random.default_rng(0).permutation(len(every))
cut = int(0.85 * len(every))
orders = {"split by time": np.arange(len(every)), "split at random": shuffled}
print("five steps ahead, two nearest windows")
split_errors = {}
for name, order in orders.items():
    known, new = order[:cut], order[cut:]
    found = neighbours_error(
        every[known], every_v[known], every[new], every_v[new], every[new, -1, 0]
    )
    split_errors[name] = found
    print(f"    {name:<16} {found[0]:.3f}, last value {found[1]:.3f}")
show(
    figures.leaks(leaks, walk_errors["last value"], split_errors),
    "13.12",
    "What leaks are worth on a series that cannot be forecast. Everything below the dashed line "
    "is an illusion.",
)

# %% [markdown] id="ch13-check"
# **The scale is worth nothing here.** Ridge has a factor and a bias of its own; whatever scale you choose, it finds
# nearly the same line. (It seems to beat the last value by two thousandths. In 600 days that is luck.) A network may
# gain a little. Keep the rule all the same: it costs nothing, and the question does not come up again.
#
# **Smoothing is worth everything.** The mean of two before to two after has seen two future values, and ridge finds
# out how to subtract the others. The error is less than a third of what is possible. The same smoothing with the
# *last* five values gains nothing, as it must.
#
# **The random split makes memory look like foresight.** The two most similar windows are mostly those that begin
# one step before and one step after. Their targets lie on both sides of the answer, and the mean of the two is
# close to it. With a split by time the same method is worse than the last value.
#
# How do you find a leak in a series where you do not know the best possible error? Do not look at errors at all.
# *Change the future, and see whether the past moves.* Prepare the series twice, the second time with other values
# after some row, and compare the rows before it. If anything that a window reads has changed, it has read the
# future.


# %%
def sees_the_future(prepare, v, row):
    """Whether the prepared values of the rows 0 .. row depend on later rows."""
    other = v.copy()
    other[row + 1 :] += 50 + np.arange(len(v) - row - 1)
    return not np.allclose(prepare(v)[: row + 1], prepare(other)[: row + 1], rtol=0, atol=1e-9)


preparations = {
    "scale from the training part": scaled_by(WALK_TRAIN),
    "scale from all rows": scaled_by(len(walk)),
    "means of the last five": trailing_means,
    "means of two before to two after": centred_means,
}
for name, prepare in preparations.items():
    print(f"{name:<33} sees the future: {sees_the_future(prepare, walk, WALK_TEST)}")
for name, order in orders.items():
    print(f"{name:<33} learns before it is tested: {order[:cut].max() < order[cut:].min()}")

# %% [markdown] id="ch13-headline"
# The check takes a second, it works for any preparation, and it belongs in the tests of every program that
# forecasts. A random split passes it, because each window by itself is honest. So ask of the split, too, whether
# every window that is learned comes before every window that is tested.
#
# ## The headline: tomorrow's temperature in Beijing
#
# The command does all of the above with a CSV file: it finds the times, fills gaps with the last value, encodes
# texts, splits by time, scales with the training part, computes the baselines, trains, and prints the errors in the
# unit of the target. The full run forecasts the temperature of Beijing 24 hours ahead, from five years of hourly
# measurements (Liang and others, 2015). The quick run takes the roof again, one hour ahead and with measured
# clouds, for which nothing is better than 0.399.
#
# How to read what it prints: *MAE* is the mean absolute error. *std. error* says how far it would move by chance if
# the test part were another one of the same length. *RMSE* is the square root of the mean squared error, which counts
# large errors more. In the second table *error* is the pinball loss, and the last column is the coverage.

# %%
beijing = "--data weather --delay 24 --calendar --lookback 72 --hidden 48 --dropout 0.2"
beijing += " --recurrent-dropout 0.2 --quantiles 0.1 0.5 0.9 --schedule cosine --epochs 10"
roof = "--data solar --calendar --lookback 6 --lr 0.005 --quantiles 0.1 0.5 0.9 --epochs 4"
options, data, seeds = (beijing, "weather", (0, 1, 2)) if FULL else (roof, "solar", (0,))


def scratchnn(*words):
    """What ``python -m scratchnn`` prints."""
    command = [sys.executable, "-m", "scratchnn", *words]
    child = subprocess.run(command, capture_output=True, text=True)
    if child.returncode:
        raise SystemExit(child.stderr)
    return child.stdout


command_errors = {}
print(f"the roof, one hour ahead: nothing is better than {BEST:.3f} kW")
with TemporaryDirectory() as folder:
    for seed in seeds:
        run = str(Path(folder) / f"seed{seed}")
        scratchnn("train", "forecaster", *options.split(), "--seed", str(seed), "--out", run)
        report = scratchnn("evaluate", run, "--data", data)
        print(f"seed {seed}", *[line for line in report.splitlines() if "  " in line], sep="\n")
        for line in report.splitlines():
            if line.startswith(("this model  ", "ridge  ")) and len(line.split()) > 3:
                name, error = line[:20].strip(), float(line[20:].split()[0])
                command_errors.setdefault(name, []).append(error)

# %% [markdown] id="ch13-full"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch13_time_series.py`, with the folder of the weather data in
# > SCRATCHNN_DATA; seeds 0, 1 and 2, one thread, 2026-11-27): on the test part, April to December 2014, the network
# > is wrong by 2.173, 2.155 and 2.194 degrees on average, a mean of **2.174**. Ridge on the same window is wrong by
# > 2.248, the last value by 2.64, the value a week earlier by 3.43. The interval of 80 % contains 78, 77 and 76 %
# > of the measurements. With windows of other lengths, from 24 to 240 hours, ridge is between 2.246 and 2.286. The
# > other commands below, with the same seeds: on the daily minimum temperatures of Melbourne a GRU of 16 units is
# > wrong by 1.708, 1.705 and 1.722, and ridge by 1.710. On the roof with measured clouds, one hour ahead, a GRU is
# > wrong by 0.416 kW on average of three seeds and ridge by 0.638; nothing is better than 0.399. Variants on the
# > validation part of Beijing (windows of 48 hours, the loss of a single number, 8 epochs, seed 0): a GRU 2.221,
# > with dropout of both kinds 2.209, in two directions 2.220, with two layers 2.272; ridge 2.149.
#
# The network beats ridge in Beijing by three percent, and in Melbourne not at all. Be careful even with the three
# percent: they are hardly more than the standard error of each of the two errors (both are measured
# on the same days, so that of their difference may be smaller). With the loss of a single number no variant beat
# ridge on the validation part. The network that does beat it, on the test part, has three quantiles, but also longer
# windows and more epochs; which of these helps was not measured. That is what honest forecasts of the weather from
# one station look like. The commands, where SEED is 0, 1 or 2:
#
# ```sh
# python -m scratchnn train forecaster --data weather --delay 24 --calendar --lookback 72 \
#     --hidden 48 --dropout 0.2 --recurrent-dropout 0.2 --quantiles 0.1 0.5 0.9 \
#     --schedule cosine --epochs 10 --seed SEED --out runs/weather
# python -m scratchnn evaluate runs/weather --data weather
# python -m scratchnn train forecaster --data weather:melbourne --calendar --lookback 28 \
#     --hidden 16 --dropout 0.2 --recurrent-dropout 0.2 --epochs 20 --batch 64 \
#     --schedule cosine --seed SEED --out runs/melbourne
# python -m scratchnn evaluate runs/melbourne --data weather:melbourne
# python -m scratchnn train forecaster --calendar --lookback 6 --lr 0.005 --epochs 30 \
#     --schedule cosine --quantiles 0.1 0.5 0.9 --seed SEED --out runs/roof
# python -m scratchnn evaluate runs/roof --data solar
# ```
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step,
# the next call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("13.1", autocorrelation)  # your function: is it right, and if not, what is wrong?
# hint("13.1")
# solution("13.1")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 13                          # the list
# python -m scratchnn exercise 13.1 --template > my_answer.py
# python -m scratchnn exercise 13.1 my_answer.py
# ```
#
# - **13.1** The autocorrelation of a series, also of a constant one.
# - **13.2** Windows and targets, without seeing the future.
# - **13.3** The value a season earlier, for any distance of the target.
# - **13.4** A scale that has not seen the test part.
# - **13.5** The gradient of the pinball loss.
#
# Solutions are in [`scratchnn/book/solutions/ch13.py`](../scratchnn/book/solutions/ch13.py).
#
# ## Where to read on
#
# - Hyndman and Athanasopoulos, *Forecasting: Principles and Practice* (3rd edition, 2021): a whole book, free to
#   read, with the chapter "The forecaster's toolbox" on baselines, intervals and evaluation.
# - Chollet, *Deep Learning with Python* (2017), chapter 6: recurrent networks on a weather series, with dropout,
#   stacking and both directions.
# - Liang and others (2015), on the pollution of the air of Beijing, Proceedings of the Royal Society A: the
#   measurements.
# - Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural Networks" (2016).
# - Koenker and Bassett, "Regression Quantiles" (1978), for the pinball loss; Wen and others, "A Multi-Horizon
#   Quantile Recurrent Forecaster" (2017), for networks that are trained with it.
# - Kaufman, Rosset and Perlich, "Leakage in Data Mining: Formulation, Detection, and Avoidance" (2011).
# - Meese and Rogoff, "Empirical Exchange Rate Models of the Seventies: Do They Fit Out of Sample?" (1983): models
#   beside the last value.
# - Hoerl and Kennard, "Ridge Regression: Biased Estimation for Nonorthogonal Problems" (1970).
#
# ## What comes next
#
# A GRU reads one step after the other, and step 24 has to wait for step 23. Chapter 14 looks at all steps at once:
# the same small set of weights slides along the series, as a window did in this chapter.
