# %% [markdown] id="ch01-arrays-and-the-neural-network"
# # 1. Arrays and the neural network
#
# Three arms of a spiral wind around each other, and you see at a glance to which arm a point belongs. How can a program
# find that out, if all it gets is a list of points with the correct answers? This chapter builds such a program from the
# ground up: first the arrays that hold the numbers, then the slopes that show how to change them, then a network of 63
# numbers that learns the spiral. You need Python and school algebra.
#
# The next two cells show the answer before the explanation: they train two networks of the package, which differ in a
# single layer. You do not have to understand the code yet. At the end of the chapter you will have written every part of
# it.

# %%
import numpy as np

from scratchnn import functions, losses
from scratchnn.book.examples import ch01 as examples
from scratchnn.book.figures import ch01 as figures
from scratchnn.book.figures import ch01_network as network_figures
from scratchnn.book.page import FULL, show
from scratchnn.core import Sequential
from scratchnn.gradcheck import check, pair_problem
from scratchnn.inspection.summary import summary
from scratchnn.layers import Dense, Sigmoid
from scratchnn.layers.dense import dense_backward, dense_forward

# %%
x_train, target_train = examples.spiral(np.random.default_rng(0))
x_test, target_test = examples.spiral(np.random.default_rng(1))
rng = np.random.default_rng(0)  # draws the same random numbers every time
networks = {
    "Without a hidden layer": Sequential(Dense(2, 3, rng=rng)),
    "With ten hidden neurons": Sequential(Dense(2, 10, rng=rng), Sigmoid(), Dense(10, 3, rng=rng)),
}
answered = {}
for name, network in networks.items():
    examples.fit(network, x_train, target_train, epochs=300)

    def decide(x, network=network):
        return network.forward(x).argmax(axis=1)  # the arm with the largest score

    answered[name] = decide, (decide(x_test) == target_test).mean()
show(
    network_figures.spiral_answers(x_train, target_train, answered),
    "1.1",
    "The plane in the colours of two networks' answers. One layer can only draw straight "
    "borders; with ten hidden neurons in between, the borders bend around the arms.",
)

# %% [markdown] id="ch01-able"
# ## What you will be able to do
#
# - predict the shape of a sum or a product of arrays without running the code;
# - differentiate a chain of additions and products by hand, backwards, node by node;
# - show in a drawing why one neuron cannot compute XOR, and explain how a hidden layer solves this;
# - turn scores into probabilities with softmax, and compute their loss with cross-entropy;
# - count the parameters of a network, train it, and use a gradient check to find out whether its backward pass is correct.
#
# Each idea is first written here in a few lines and then compared with the package's version. All cells together take less
# than a minute. The exercises at the end have a checker.
#
# These letters keep their meaning in the whole book. A `d` in front of a name, as in $dx$, is the gradient of the loss with
# respect to it.
#
# | letter | meaning | shape |
# |--|--|--|
# | $N$, $n$ | examples, one row each; one of the rows | |
# | $D$, $H$, $K$ | inputs, hidden units (neurons) and classes | |
# | $x$ | inputs | $(N, D)$ |
# | $W$, $b$ | weights and biases of a layer from $D$ to $H$ numbers | $(D, H)$, $(H,)$ |
# | $a$, $h$ | sums of the hidden layer, and its outputs | $(N, H)$ |
# | $z$, $y$ | scores of the classes (logits), and probabilities; $y$ is also any output | $(N, K)$ |
# | target | the correct classes | $(N,)$ |
# | $L$ | the loss, a single number | () |
# | $\varepsilon$ | a small step | |

# %% [markdown] id="ch01-numbers-in-arrays"
# ## Numbers in arrays
#
# A **scalar** (스칼라) is one number. A **vector** (벡터) is a row of numbers, and a **matrix** (행렬) is a table of
# numbers. Each direction in which you can count the numbers is an **axis** (축): a vector has one axis; a matrix has two,
# axis 0 from row to row and axis 1 from column to column. NumPy stores all of these in one kind of object, the **array**
# (배열) or **tensor** (텐서), which may have any number of axes. Its **shape** (형상) gives the number of entries along
# each.

# %%
arrays = {
    "scalar": np.array(3.0),
    "vector": np.array([1.0, 2.0, 3.0]),
    "matrix": np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
}
for name, array in arrays.items():
    print(f"{name}: shape {array.shape}, number of axes {array.ndim}, of entries {array.size}")

# %% [markdown] id="ch01-entry-by-entry"
# The operations `+`, `-`, `*` and `/` work entry by entry.
#
# ### Broadcasting
#
# You can combine arrays of different shapes if repeating one of them makes the shapes agree. This is **broadcasting**
# (브로드캐스팅). The rule: write the two shapes one below the other, aligned at the right, and pad the shorter one with
# ones on its left. In each pair, the two sizes must be equal, or one of them must be 1; an axis of size 1 is repeated.


# %%
def broadcast_shape(a, b):
    """The shape of arrays of shapes ``a`` and ``b`` combined; ``None`` if they do not fit."""
    longer = max(len(a), len(b))
    a = (1,) * (longer - len(a)) + a  # ones on the left
    b = (1,) * (longer - len(b)) + b
    shape = []
    for p, q in zip(a, b, strict=True):  # strict: an error if the lengths differ
        if p != q and p != 1 and q != 1:
            return None
        shape.append(q if p == 1 else p)
    return tuple(shape)


compatible = [((2, 3), (3,)), ((3, 1), (1, 4)), ((2, 3), ())]
for a, b in [*compatible, ((2, 3), (2,))]:
    print(f"{a!s:<7} and {b!s:<7} give {broadcast_shape(a, b)}")

numpy_shapes = [np.broadcast_shapes(a, b) for a, b in compatible]
print("NumPy gives the same:", [broadcast_shape(a, b) for a, b in compatible] == numpy_shapes)

# %% [markdown] id="ch01-the-last-pair-does-not-fit"
# The last pair does not fit: aligned at the right, the 2 is below the 3. The figure shows the second pair. The column is
# repeated to the right and the row downwards, and then the two are added entry by entry.

# %%
column = np.array([[0.0], [10.0], [20.0]])  # (3, 1)
row = np.array([[1.0, 2.0, 3.0, 4.0]])  # (1, 4)
show(
    figures.broadcasting(column, row),
    "1.2",
    "A column (3, 1) and a row (1, 4) are repeated until both have the shape (3, 4); then "
    "they are added entry by entry.",
)

# %% [markdown] id="ch01-the-matrix-product"
# ### The matrix product
#
# The **dot product** (내적) of two vectors multiplies them entry by entry and adds up the products. The **matrix product**
# (행렬 곱) of $x$, with $N$ rows and $D$ columns, and $W$, with $D$ rows and $H$ columns, contains the dot product of every
# row of $x$ with every column of $W$:
#
# $$ y_{nj} = \sum_{d=1}^{D} x_{nd} W_{dj} \tag{1} $$
#
# Here $x_{nd}$ is the number in row $n$ and column $d$ of $x$, and the sign $\sum$ means: let $d$ run from 1 to $D$ and add
# up. (Formulas count from 1, Python from 0.) In shapes: $(N, D)$ times $(D, H)$ gives $(N, H)$. The two sizes in the middle
# must agree, and they disappear. In this book the rows of $x$ are examples, so $x W$ processes $N$ examples at once.
#
# A number in parentheses at the end of a line of code, such as `# (1)`, refers to the equation that the line computes.


# %%
def matmul(x, W):
    """Equation (1), one number at a time: ``x`` (N, D) and ``W`` (D, H) give (N, H)."""
    N, D = x.shape
    H = W.shape[1]
    y = np.zeros((N, H))
    for n in range(N):
        for j in range(H):
            for d in range(D):
                y[n, j] += x[n, d] * W[d, j]  # (1)
    return y


def same(ours, theirs, within=1e-12):
    """Whether two arrays are equal up to rounding: no entries differ by more than ``within``."""
    return np.allclose(ours, theirs, rtol=0, atol=within)


x = rng.standard_normal((2, 3))
W = rng.standard_normal((3, 4))
print("(2, 3) @ (3, 4) gives", matmul(x, W).shape)
print("NumPy's x @ W gives the same:", same(matmul(x, W), x @ W))

# %% [markdown] id="ch01-numpy-writes-the-matrix-product"
# NumPy writes the matrix product as `@`. Two ways of adding up the same numbers may round differently, so the comparison
# allows a small difference: `1e-12` is Python for $10^{-12}$. The **transpose** (전치) $W^T$, in code `W.T`, has rows and
# columns exchanged: `W.T[j, d]` is `W[d, j]`.

# %% [markdown] id="ch01-question-shapes"
# > **Question.** A batch $x$ of 32 pictures with 784 pixels each has the shape (32, 784). What are the shapes of `x @ W`
# > and of `x @ W + b` for $W$ (784, 100) and $b$ (100,)? And what happens with $b$ (32,)?
# >
# > <details><summary>Answer</summary>
# >
# > (32, 100), both of them. The sum aligns the shapes at the right: 100 below 100, and the 32 rows repeat $b$. A $b$ of
# > shape (32,) does not fit, because its 32 is below the 100. To add one number per row you would need the shape (32, 1).
# >
# > </details>

# %% [markdown] id="ch01-slopes"
# ## Slopes
#
# Think of a machine with a knob for every number in it. Learning means turning the knobs so that the result improves. For
# each knob you need to know one thing: if you turn it a little, how far does the result move, and which way? That is a
# slope. Take a machine with one knob, $f(x) = x^3$, and go a small step $\varepsilon$ to the right of $x$. The slope of the
# line through the two points is
#
# $$ \frac{f(x + \varepsilon) - f(x)}{\varepsilon}
# = \frac{3 x^2 \varepsilon + 3 x \varepsilon^2 + \varepsilon^3}{\varepsilon}
# = 3 x^2 + 3 x \varepsilon + \varepsilon^2 \tag{2} $$
#
# The smaller $\varepsilon$ is, the closer this comes to $3 x^2$, the slope of the curve itself at $x$. That slope is called
# the **derivative** (미분) of $f$ with respect to $x$, written $f'(x)$ or $df/dx$: a step of $\varepsilon$ in $x$ changes
# $f$ by about $f'(x) \, \varepsilon$.
#
# With one point on each side of $x$ instead, $3 x \varepsilon$, the larger part of the error, cancels. These are **central
# differences** (중앙 차분):
#
# $$ \frac{f(x + \varepsilon) - f(x - \varepsilon)}{2 \varepsilon}
# = \frac{6 x^2 \varepsilon + 2 \varepsilon^3}{2 \varepsilon} = 3 x^2 + \varepsilon^2 \tag{3} $$
#
# > **Question.** The next cell makes $\varepsilon$ ten times smaller, again and again, from $10^{-1}$ down to $10^{-14}$,
# > and compares both differences with the true slope. Before you run it: do the errors become smaller all the way?
# >
# > <details><summary>Answer</summary>
# >
# > No. By (2) and (3) they should, and at first they do. But a computer keeps about sixteen digits of each number. When
# > $\varepsilon$ is very small, $f(x + \varepsilon)$ and $f(x - \varepsilon)$ agree in nearly all of their digits, and few
# > digits are left in the difference. Both errors rise again, as the right panel of the figure shows.
# >
# > </details>


# %%
def f(x):
    return x**3


point = 1.3
slope = 3 * point**2
forward_error, central_error = [], []
steps = 10.0 ** np.arange(-14, 0)  # 10^-14, 10^-13 ... 10^-1
for eps in steps:
    forward_error.append(abs((f(point + eps) - f(point)) / eps - slope))  # (2)
    central_error.append(abs((f(point + eps) - f(point - eps)) / (2 * eps) - slope))  # (3)

show(
    figures.differences(f, point, slope, steps, forward_error, central_error),
    "1.3",
    "Left: the tangent has the slope that we want; the dashed line through two points is "
    "steeper. Right: the error of both kinds of difference. Read it from right to left, and "
    "see where the curves turn upwards.",
)

# %% [markdown] id="ch01-read-the-right-panel-from-right"
# Read the right panel from right to left; from one tick mark to the next, the numbers change by a factor of a hundred. When
# $\varepsilon$ becomes ten times smaller, the error of one-sided differences becomes ten times smaller, and that of central
# differences a hundred times. Then rounding takes over. A step near $10^{-5}$ is a good choice.
#
# ### Several inputs
#
# If $f$ depends on many numbers $x_1, x_2, \ldots$, change one of them and keep the others fixed. The slope is the
# **partial derivative** (편미분) $\partial f / \partial x_k$. All partial derivatives together, in an array of the shape of
# $x$, are the **gradient** (기울기) of $f$:
#
# $$ g_k = \frac{\partial f}{\partial x_k}
# \approx \frac{f(x + \varepsilon e_k) - f(x - \varepsilon e_k)}{2 \varepsilon} \tag{4} $$
#
# where $e_k$ has a one at position $k$ and zeros everywhere else.


# %%
def numerical_gradient(f, x, eps=1e-5):
    """The gradient of the number ``f(x)`` with respect to every entry of the array ``x``."""
    gradient = np.zeros(x.shape)
    for k in np.ndindex(x.shape):  # every position in the array
        above, below = x.copy(), x.copy()
        above[k] += eps
        below[k] -= eps
        gradient[k] = (f(above) - f(below)) / (2 * eps)  # (4)
    return gradient


differences = numerical_gradient(lambda x: (x[0] + x[1]) * x[2], np.array([2.0, 3.0, 4.0]))
print("the slopes of (a + b) c for a, b, c = 2, 3, 4 by differences:", differences.round(6))

# %% [markdown] id="ch01-this-works-for-any-function"
# This works for any function, but for one gradient, a network with a million numbers would have to run two million times.
# The next section computes all partial derivatives in one pass.
#
# ## The chain rule on a computational graph
#
# Write a calculation as a **computational graph** (계산 그래프): a node for each operation, and arrows that carry numbers.
# For $L = (a + b) c$ with $a = 2$, $b = 3$, $c = 4$, the example of the last cell, there are two nodes. The **forward
# pass** (순전파) goes from left to right and computes $s = a + b = 5$ and $L = s c = 20$.
#
# How much does $L$ change with $a$? Think of gear wheels: if one turn of the first wheel turns the second one three times,
# and one turn of the second turns the third one twice, then one turn of the first turns the third six times. In the same
# way a small step $\varepsilon$ in $a$ changes $s$ by $\varepsilon \cdot ds/da$, and a step of that size in $s$ changes $L$
# by $dL/ds$ times as much. The slopes multiply. This is the **chain rule** (연쇄 법칙):
#
# $$ \frac{dL}{da} = \frac{dL}{ds} \cdot \frac{ds}{da} \tag{5} $$
#
# Start at the right end, where $dL/dL = 1$, and go back to the left. Each node receives the gradient with respect to its
# output, multiplies it by its own slopes, and passes the results on to its inputs. That is the **backward pass** (역전파),
# or backpropagation. From here on, `dx` denotes $dL/dx$, which always has the shape of `x`.

# %%
show(
    figures.computational_graph(),
    "1.4",
    "Values flow forward (blue, above the arrows), gradients flow backward (orange, below). Each "
    "node multiplies the gradient that arrives by its own slopes. The last cell found the same.",
)

# %% [markdown] id="ch01-question-graph"
# > **Question.** In the figure, let $c$ be $-4$ instead of 4. Which of the four gradients $da$, $db$, $ds$, $dc$ change?
# >
# > <details><summary>Answer</summary>
# >
# > $ds = c$ becomes $-4$, and $da = db = ds$ change with it: now a larger $a$ makes $L$ smaller. $dc = s = 5$ stays as it
# > is. At a product, each factor is the slope of the other one.
# >
# > </details>

# %% [markdown] id="ch01-let-y-be-the-output"
# Let `y` be the output of a node and `dy` the gradient with respect to it. The nodes pass back:
#
# - **Add**, $y = a + b$: a step in $a$ changes $y$ by the same amount. Both slopes are 1, so `da = dy` and `db = dy`.
# - **Multiply**, $y = a b$: a step $\varepsilon$ in $a$ changes $y$ by $b \, \varepsilon$. The slope is the other factor,
#   so `da = dy * b` and `db = dy * a`. The node has to remember both factors.
# - **Use twice**: if a number goes to two places, two gradients come back, and they are added.
# - **Matrix product**, $y = x W$: in equation (1), $x_{nd}$ is used in $y_{nj}$ for every $j$, each time with the factor
#   $W_{dj}$. All the gradients that come back to it are added up, $dx_{nd} = \sum_j dy_{nj} W_{dj}$. In the same way
#   $W_{dj}$ is used for every $n$, and $dW_{dj} = \sum_n x_{nd} \, dy_{nj}$. Both are matrix products again:
#
# $$ dx = dy \, W^T \qquad dW = x^T dy \tag{6} $$
#
# The shapes help you remember this: from $(N, H)$ and $(D, H)$, only $dy \, W^T$ makes $(N, D)$.

# %% [markdown] id="ch01-a-layer"
# ### A layer
#
# Add a vector $b$ to every row of $x W$, and you have a **dense layer** (완전연결 계층):
#
# $$ y = x W + b \tag{7} $$
#
# Broadcasting uses $b$ once for every row, so the gradients of all rows come back to it and are added up:
#
# $$ db = \sum_n dy_n \tag{8} $$
#
# A node or a layer becomes a pair of functions. Forward returns the output and a **cache** (캐시), which holds the values
# that backward needs.


# %%
def layer_forward(x, W, b):
    return x @ W + b, (x, W)  # (7)  (N, D) @ (D, H) -> (N, H)


def layer_backward(dy, cache):
    x, W = cache
    dx = dy @ W.T  # (6)  (N, H) @ (H, D) -> (N, D)
    dW = x.T @ dy  # (6)  (D, N) @ (N, H) -> (D, H)
    db = dy.sum(axis=0)  # (8)  down the rows: (N, H) -> (H,)
    return dx, dW, db


# %% [markdown] id="ch01-a-number-from-a-product"
# Is it right? The result of the layer is not a single number. Make it one: choose random numbers `v` of the shape of $y$
# and take $L = \sum v y$. Then the gradient with respect to $y$ is `dy = v`, in place of any gradient that could come back
# from the rest of a network. It is random because special values, such as all ones, hide some mistakes. Such a `v` is
# called a **cotangent** (여접벡터). The package's pair is in [`dense.py`](../scratchnn/layers/dense.py).

# %%
x, W, b = rng.standard_normal((2, 3)), rng.standard_normal((3, 4)), rng.standard_normal(4)
v = rng.standard_normal((2, 4))
y, cache = layer_forward(x, W, b)
dx, dW, db = layer_backward(v, cache)
dW_differences = numerical_gradient(lambda W: (v * layer_forward(x, W, b)[0]).sum(), W)
print("dW agrees with differences:", same(dW, dW_differences, within=1e-8))

package_y, cache = dense_forward(x, W, b)
theirs = dense_backward(v, cache)
all_same = all(same(*pair) for pair in zip((dx, dW, db), theirs, strict=True))
print("the package gives the same:", same(y, package_y) and all_same)

# %% [markdown] id="ch01-the-perceptron"
# ## The perceptron
#
# The **perceptron** (퍼셉트론) of Frank Rosenblatt (1958) was inspired by nerve cells. In its simplest form it multiplies
# each input by its own number, the **weight** (가중치), adds up the products and one more number, the **bias** (편향), and
# outputs 1 if the sum is greater than zero. Such a unit is also called a **neuron** (뉴런).
#
# $$ y = 1 \;\; \mathrm{if} \;\; x \cdot w + b \gt 0, \;\; \mathrm{else} \;\; 0 \tag{9} $$
#
# It learns from inputs $x$ with the correct answer, the target (0 or 1). If it answers 0 instead of 1, the sum was too
# small, so $x$ is added to the weights and 1 to the bias; if it answers 1 instead of 0, they are subtracted:
#
# $$ w \leftarrow w + (\mathrm{target} - y) \, x \qquad b \leftarrow b + (\mathrm{target} - y) \tag{10} $$
#
# Let it learn three functions of two inputs that are 0 or 1. AND is 1 if both inputs are 1, OR if at least one of them is
# 1, and XOR if exactly one of them is 1. Each function has only four examples, the corners of a square.


# %%
def step(a):
    """1 where ``a`` is greater than zero, else 0."""
    return (a > 0).astype(float)  # True becomes 1.0, False 0.0


def train_perceptron(x, targets, epochs):
    """Weights and bias after ``epochs`` rounds through the examples; the mistakes in each round."""
    w, b = np.zeros(x.shape[1]), 0.0
    mistakes = []
    for _ in range(epochs):
        wrong = 0
        for x_n, target in zip(x, targets, strict=True):
            y = step(x_n @ w + b)  # (9)
            w += (target - y) * x_n  # (10)
            b += target - y  # (10)
            wrong += int(y != target)
        mistakes.append(wrong)
    return w, b, mistakes


corners = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
gates = {"AND": np.array([0, 0, 0, 1]), "OR": np.array([0, 1, 1, 1]), "XOR": np.array([0, 1, 1, 0])}
learned = {}
for name, target in gates.items():
    w, b, mistakes = train_perceptron(corners, target, epochs=12)
    learned[name] = w, b
    print(f"{name:<4} mistakes in each round: {mistakes}")

# %% [markdown] id="ch01-one-round-through-all-examples"
# One round through all examples is called an **epoch** (에폭). AND and OR are learned after a few epochs; XOR is not
# learned at all. The figure shows why. The plane is coloured by the answer of the perceptron after the last epoch. A point
# exactly on the border has the sum zero, so its answer is 0, the blue one.

# %%
show(
    figures.perceptrons(
        corners, gates, lambda name, x: step(x @ learned[name][0] + learned[name][1])
    ),
    "1.5",
    "The plane in the colours of the perceptron's answers. A straight border separates AND "
    "and OR; for XOR, whichever border you draw, a point is on the wrong side.",
)

# %% [markdown] id="ch01-the-border-between-the-two-answers"
# The border between the two answers, where $x \cdot w + b = 0$, is a straight line. No straight line has the two circles of
# XOR on one side and the two crosses on the other.
#
# ### A hidden layer
#
# XOR is "OR, but not AND". So let one perceptron compute OR and a second one NAND, which is 1 unless both inputs are 1; a
# third one computes AND of the two. The two in the middle are called a **hidden layer** (은닉층), because their outputs are
# neither inputs nor the answer.
#
# $$ h = \mathrm{step}(x W_1 + b_1) \qquad y = \mathrm{step}(h W_2 + b_2) \tag{11} $$

# %%
W1 = np.array([[1.0, -1.0], [1.0, -1.0]])  # (2, 2), one column per hidden neuron: OR and NAND
b1 = np.array([-0.5, 1.5])
W2 = np.array([1.0, 1.0])  # AND
b2 = -1.5


def two_layers(x):
    """The hidden layer's outputs (N, 2) and the answers (N,) for inputs (N, 2)."""
    h = step(x @ W1 + b1)  # (11)
    return h, step(h @ W2 + b2)  # (11)


h, y = two_layers(corners)
print("OR, NAND:", h.tolist())
print("XOR:", y)
xor, last_neuron = lambda x: two_layers(x)[1], lambda h: step(h @ W2 + b2)
show(
    figures.hidden_layer(corners, h, gates["XOR"], xor, last_neuron),
    "1.6",
    "Left: two hidden neurons cut out a band. Right: the four points as the last neuron "
    "sees them. Both crosses are in one place, so one straight line is enough.",
)

# %% [markdown] id="ch01-what-the-hidden-layer-does"
# The hidden layer has moved both crosses to one point, and now a single line is enough. It is as if you folded a sheet of
# paper so that the two crosses lie on top of each other: after the fold, one straight cut separates them from the circles.
# This is the purpose of hidden layers: they move the examples to where a simple rule can separate them.
#
# ## Why stacked linear layers stay linear
#
# Could the step function be left out? Then the two layers are
#
# $$ (x W_1 + b_1) W_2 + b_2 = x (W_1 W_2) + (b_1 W_2 + b_2) \tag{12} $$
#
# and that is *one* layer, with weights $W_1 W_2$ and bias $b_1 W_2 + b_2$. A function of the form $x W + b$ is called
# **linear** (선형) in this book (in mathematics, only if $b = 0$). A hundred linear layers can do no more than one, and one
# can only draw straight borders, as in the middle panel of figure 1.1.

# %% [markdown] id="ch01-activation-functions"
# ## Activation functions
#
# So a function that is not linear is needed between two layers, an **activation function** (활성화 함수). It is applied to
# each number separately. The step function is unsuitable for learning by slopes, because it is flat on both sides. These
# three are used instead. (The number $e$ is chosen so that $e^x$ is its own derivative.) The **sigmoid** (시그모이드) takes
# values between 0 and 1:
#
# $$ \sigma(x) = \frac{1}{1 + e^{-x}} \qquad \sigma'(x) = \sigma(x) \, (1 - \sigma(x)) \tag{13} $$
#
# The **hyperbolic tangent** (쌍곡탄젠트), tanh, is a sigmoid stretched to the range from -1 to 1:
#
# $$ \tanh(x) = \frac{e^x - e^{-x}}{e^x + e^{-x}} = 2 \, \sigma(2x) - 1 \qquad \tanh'(x) = 1 - \tanh(x)^2 \tag{14} $$
#
# The **rectified linear unit** (정류 선형 유닛), ReLU, replaces negative numbers by zero:
#
# $$ r(x) = \max(x, 0) \qquad r'(x) = 1 \; \mathrm{if} \; x \gt 0, \; 0 \; \mathrm{if} \; x \lt 0 \tag{15} $$
#
# The slopes of the first two can be computed from the output alone, which forward already has. If you like to see why:
# start with the derivative of $1/u$. The quotient of (2) is $(\frac{1}{u + \varepsilon} - \frac{1}{u}) / \varepsilon =
# -\frac{1}{u (u + \varepsilon)}$, for small $\varepsilon$ about $-1/u^2$. Now let $u = 1 + e^{-x}$, so that $\sigma =
# 1/u$. The derivative of $u$ with respect to $x$ is $-e^{-x} = 1 - u$, and by the chain rule $\sigma' = (u - 1)/u^2 =
# \frac{1}{u} (1 - \frac{1}{u})$. For tanh, write $s$ for $\sigma(2x)$: $\tanh' = 4 s (1 - s) = 1 - (2 s - 1)^2$.


# %%
def sigmoid(x):
    return 1 / (1 + np.exp(-x))  # (13)


def tanh(x):
    return 2 * sigmoid(2 * x) - 1  # (14)


def relu(x):
    return np.maximum(x, 0)  # (15)


activations = {  # each with its slope
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * (1 - sigmoid(x))),  # (13)
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2),  # (14)
    "ReLU": (relu, lambda x: (x > 0).astype(float)),  # (15)
}

# %%
x, dy = rng.standard_normal(7), rng.standard_normal(7)
agree = []
for name, (activation, slope) in activations.items():
    y = getattr(functions, name.lower())(x)  # the package's function of this name
    back = getattr(functions, f"{name.lower()}_backward")(dy, y)
    agree += [same(activation(x), y), same(dy * slope(x), back)]
print("the package gives the same:", all(agree))
show(
    figures.activations(activations),
    "1.7",
    "Three activation functions and their slopes. The slope of the sigmoid is small but "
    "nowhere zero; that of ReLU jumps from 0 to 1, and at 0 there is none.",
)

# %% [markdown] id="ch01-you-may-hear-in-lectures"
# Two things in the right panel will matter later.
#
# - **ReLU has no derivative at 0.** From the right the slope is 1, from the left it is 0. Programs take one of the two
#   (here 0), which does no harm. And its slope is *exactly* zero for every negative input: a neuron whose sum is negative
#   for all examples cannot learn any more.
# - **The sigmoid's slope is zero nowhere, but small:** one quarter in the middle and less everywhere else. Far from zero it
#   is tiny: like a tap that is already fully open, the output hardly changes however far you turn. This is called
#   **saturation** (포화). A gradient that passes through many sigmoids is multiplied by one quarter or less at each. The
#   tanh saturates too, but its slope is 1 in the middle.

# %% [markdown] id="ch01-small-slopes"
# ## Softmax: from scores to probabilities
#
# The last layer of the network will give one score for each class. Such scores, which may be any numbers, are called
# **logits** (로짓). The function **softmax** (소프트맥스) turns them into probabilities: all are positive, their sum is 1,
# and the largest score gets the largest probability.
#
# $$ y_k = \frac{e^{z_k}}{\sum_j e^{z_j}} \tag{16} $$
#
# Only the differences between logits matter: adding 5 to each multiplies every $e^{z_k}$ by $e^5$, which cancels in (16).
# The code uses this and subtracts the largest logit first. What does doubling all logits do? Guess before you run the cell.


# %%
def softmax(z):
    """Equation (16) for a vector z, or for each row of a matrix z."""
    # axis=-1: along the last axis; keepdims: that axis is kept, with size 1, for broadcasting
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)  # (16)


z = np.array([2.0, 1.0, 0.1])
print("softmax of (2.0, 1.0, 0.1):", softmax(z).round(3), "sum", softmax(z).sum().round(12))
print("each logit 5 higher:       ", softmax(z + 5).round(3))
print("each logit twice as large: ", softmax(2 * z).round(3))
print("the package gives the same:", same(softmax(z), functions.softmax(z)))
with np.errstate(all="ignore"):  # NumPy would warn
    e = np.exp(np.array([1000.0, 999.0]))
    print("1000 and 999 as (16) is written:    ", e / e.sum())
print("1000 and 999, the largest subtracted:", softmax(np.array([1000.0, 999.0])).round(3))

# %% [markdown] id="ch01-softmax-of-three-logits"
# So the logits 2.0, 1.0 and 0.1 become 0.659, 0.242 and 0.099. With larger differences the probabilities become more
# unequal. If the largest logit is not subtracted, $e^{1000}$ is too large for the computer and counts as infinite. Infinity
# divided by infinity is `nan`, "not a number".

# %% [markdown] id="ch01-cross-entropy-what-a-wrong-answer-costs"
# ## Cross-entropy: what a wrong answer costs
#
# A loss should ask: how surprised was the network by the correct answer? Very little if it expected it, very much if it had
# ruled it out. The **cross-entropy** (교차 엔트로피) measures this surprise with the probability that the network gave to
# the correct class, the target:
#
# $$ L = -\log y_{\mathrm{target}} \tag{17} $$
#
# where $\log$ is the natural logarithm, the inverse of $e^x$. If the network was certain and correct, then
# $y_{\mathrm{target}} = 1$ and $L = 0$. A number that measures how bad an answer is, is called a **loss** (손실). For many
# examples, take the mean of their losses.

# %%
y = softmax(z)
show(  # (17), for each class as the correct one
    figures.loss_of_probability(y, -np.log(y)),
    "1.8",
    "The loss by the probability of the correct class, with a point for each of the three "
    "classes. Towards probability 0 the loss grows without limit.",
)

# %% [markdown] id="ch01-the-unit-nat"
# The unit, nat, indicates the natural logarithm. A network that knows nothing gives each of the $K$ classes the probability
# $1/K$ and has a loss of $\log K$.
#
# Backward, the gradient is simply what the network says minus what it should say. Write what it should say as a **one-hot
# vector** (원-핫 벡터): a one at the position of the target and zeros elsewhere. Then
#
# $$ dz = y - \mathrm{onehot}(\mathrm{target}) \tag{18} $$
#
# To see this, insert (16) into (17): $L = \log \sum_j e^{z_j} - z_{\mathrm{target}}$. The derivative of $\log u$ is $1/u$,
# because the logarithm is the inverse of $e^x$, whose slope at the output $u$ is $u$. So by the chain rule the first part
# has the derivative $e^{z_k} / \sum_j e^{z_j} = y_k$ with respect to $z_k$. The second part has $-1$ for the target, else
# zero.
#
# For the mean over $N$ examples, $dz$ is divided by $N$. In the code, `y[np.arange(N), target]` picks one number from each
# row: from row $n$, that of its correct class.


# %%
def cross_entropy(z, target):
    """Mean loss of logits z (N, K) for classes (N,); its gradient with respect to z (N, K)."""
    N = len(target)
    y = softmax(z)  # (16)
    L = -np.log(y[np.arange(N), target]).mean()  # (17)
    dz = y.copy()
    dz[np.arange(N), target] -= 1  # (18)
    return L, dz / N


z, target = rng.standard_normal((4, 3)), np.array([0, 2, 1, 1])
L, dz = cross_entropy(z, target)
differences = numerical_gradient(lambda z: cross_entropy(z, target)[0], z)
print(f"loss {L:.4f}; equal probabilities would give {np.log(3):.4f}")
print("dz agrees with differences:", same(dz, differences, within=1e-8))

package_L, cache = losses.softmax_cross_entropy_forward(z, target)
package_dz = losses.softmax_cross_entropy_backward(1.0, cache)
print("the package gives the same:", same(L, package_L) and same(dz, package_dz))

# %% [markdown] id="ch01-downhill"
# ## Downhill
#
# You are on a hillside in thick fog and want to get down. You cannot see the valley, but you can feel with your feet which
# way the ground falls, and take a step that way. The loss depends on the weights as the height depends on the place, and
# the gradient with respect to a weight $w$ points in the direction in which the loss rises. So go the other way:
#
# $$ w \leftarrow w - \mathrm{lr} \cdot dw \tag{19} $$
#
# This is **gradient descent** (경사 하강법), and lr is the **learning rate** (학습률). Near the bottom the steps become
# small by themselves. Going downhill ends in *a* valley. The lowest point of all is the **global minimum** (전역 최솟값); a
# point that is lower than everything near it is a **local minimum** (지역 최솟값). Which one you reach depends on where you
# start.


# %%
def hills(w):
    return w**4 - 3 * w**2 + w + 4


def hills_slope(w):
    return 4 * w**3 - 6 * w + 1


def descend(w, lr, steps):
    """All weights visited, beginning with ``w``."""
    path = [w]
    for _ in range(steps):
        w = w - lr * hills_slope(w)  # (19)
        path.append(w)
    return np.array(path)


paths = {start: descend(start, lr=0.02, steps=60) for start in (0.1, 0.3)}
show(
    figures.valleys(hills, paths),
    "1.9",
    "Gradient descent from two starts. Each path ends in the valley that it starts above, "
    "and only one of the two valleys is the deepest.",
)

# %% [markdown] id="ch01-all-examples-or-a-few"
# ### All examples or a few
#
# The loss is a mean over all examples, so each step would need all of them. A **batch** (배치) is the set of examples used
# in one step. A **mini-batch** (미니배치) is a small one, drawn at random. Its gradient is only a rough estimate, but it
# costs much less, so you can make many more steps in the same time. This is **stochastic gradient descent** (확률적 경사
# 하강법), SGD.
#
# To compare the two, fit a line $w x + b$ to forty points. Let $r = w x + b - \mathrm{target}$ be the error of a point. The
# loss is the mean of $r^2$, and by the chain rule $dw$ is the mean of $2 r x$ and $db$ the mean of $2 r$. The loop is in
# [`examples/ch01.py`](../scratchnn/book/examples/ch01.py); you will write one like it below.

# %%
x = rng.uniform(-1, 2, 40)
target = 1.5 * x - 0.5 + 0.4 * rng.standard_normal(40)
line_paths = {
    batch: examples.fit_line(x, target, batch, epochs=3, lr=0.15, rng=np.random.default_rng(1))
    for batch in (40, 4)
}
show(
    figures.line_fits(x, target, line_paths),
    "1.10",
    "Lines of equal loss, and two paths with the same three epochs. Full batches take a few "
    "steps exactly downhill; small batches zigzag and come much further.",
)

# %% [markdown] id="ch01-with-all-forty-examples-there"
# With all forty examples there is one step per epoch, exactly downhill, at right angles to the line of equal loss. With
# four at a time there are ten steps per epoch. They zigzag, but they get much further.
#
# ## A network learns the spiral
#
# Now all the parts come together. The network has to predict the arm of the points of figure 1.1, 100 on each. It learns
# from one set of points, the **training set** (훈련 데이터). A second set, the **test set** (시험 데이터), shows whether it
# has learned the shape of the arms or has only memorised the points.

# %% [markdown] id="ch01-the-network-has-two-inputs"
# The network has $D = 2$ inputs, one hidden layer of $H = 10$ neurons with sigmoids, and $K = 3$ outputs:
#
# $$ a = x W_1 + b_1 \qquad h = \sigma(a) \qquad z = h W_2 + b_2 \tag{20} $$
#
# The backward pass begins with $dz$ of equation (18). The second layer follows from (6) and (8), the sigmoid from (13), and
# the first layer from (6) and (8) again.
#
# $$ dh = dz \, W_2^T \qquad dW_2 = h^T dz \qquad db_2 = \sum_n dz_n \tag{21} $$
# $$ da = dh \cdot h \cdot (1 - h) \tag{22} $$
# $$ dx = da \, W_1^T \qquad dW_1 = x^T da \qquad db_1 = \sum_n da_n \tag{23} $$
#
# The products in (22) are entry by entry. Follow the lower row of figure 1.11 from the right: every gradient has the shape
# of the value above it, and each layer leaves the gradients of its own weights behind.

# %%
show(
    network_figures.network_shapes(),
    "1.11",
    "The network with the shape of every array: forward above, backward below. The weights "
    "of the second layer carry the gradient back to the first.",
)


# %%
def network_forward(x, W1, b1, W2, b2):
    """Logits (N, K) for points (N, 2), and the cache."""
    a = x @ W1 + b1  # (20)  (N, D) @ (D, H) -> (N, H)
    h = sigmoid(a)  # (20)
    z = h @ W2 + b2  # (20)  (N, H) @ (H, K) -> (N, K)
    return z, (x, h, W1, W2)


def network_backward(dz, cache):
    """Gradients with respect to x, W1, b1, W2, b2, from that with respect to the logits (N, K)."""
    x, h, W1, W2 = cache
    dh = dz @ W2.T  # (21)  (N, K) @ (K, H) -> (N, H)
    dW2 = h.T @ dz  # (21)
    db2 = dz.sum(axis=0)  # (21)
    da = dh * h * (1 - h)  # (22)
    dx = da @ W1.T  # (23)  (N, H) @ (H, D) -> (N, D)
    dW1 = x.T @ da  # (23)
    db1 = da.sum(axis=0)  # (23)
    return dx, dW1, db1, dW2, db2


# %% [markdown] id="ch01-counting-parameters"
# ### Counting parameters
#
# The numbers that are learned are the **parameters** (매개변수): the weights and biases of all layers. A dense layer with
# $D$ inputs and $H$ outputs has
#
# $$ D H + H \tag{24} $$
#
# of them, one weight for each connection and one bias for each neuron. Ours has $2 \cdot 10 + 10 + 10 \cdot 3 + 3 = 63$. At
# the beginning, the weights are random numbers and the biases are zero. The more inputs a neuron has, the smaller its
# initial weights are, so that its sum does not become large. The package's `summary` counts the parameters too.
#
# > **Question.** Why are the first weights random? What would happen if all of them started at zero?
# >
# > <details><summary>Answer</summary>
# >
# > All hidden neurons would compute the same output, get the same gradient, and stay the same forever. Ten neurons would do
# > the work of one. Random weights make them different from the start.
# >
# > </details>


# %%
def first_parameters(rng, D=2, H=10, K=3):
    """W1 (D, H), b1 (H,), W2 (H, K) and b2 (K,): random weights, and zero biases."""
    W1 = rng.standard_normal((D, H)) / np.sqrt(D)
    W2 = rng.standard_normal((H, K)) / np.sqrt(H)
    return [W1, np.zeros(H), W2, np.zeros(K)]


parameters = first_parameters(np.random.default_rng(0))
count = sum(p.size for p in parameters)
print(" + ".join(str(p.size) for p in parameters), "=", count)

model = Sequential(Dense(2, 10, rng=rng), Sigmoid(), Dense(10, 3, rng=rng))
print()
print(summary(model, x_train[:1]))

# %% [markdown] id="ch01-forward-backward-update"
# ### Forward, backward, update
#
# One training step takes a mini-batch, goes forward to the loss and backward to the gradients, and changes every parameter
# by equation (19). In the code, `*parameters` passes W1, b1, W2 and b2 as four arguments. The *accuracy* is the proportion
# of correct answers.
#
# > **Question.** The weights of the untrained network are small random numbers. About which loss do you expect in the first
# > epoch? Write your number down before you run the next cell.
# >
# > <details><summary>Answer</summary>
# >
# > About $\log 3$, because the network gives each of the three classes about one third. If the first loss of a network of
# > yours is far from $\log K$, look for a mistake before you look for better settings.
# >
# > </details>


# %%
def train(parameters, backward=network_backward, epochs=300, batch=30, lr=1.0, seed=0):
    """Change ``parameters`` in place; returns the mean training loss of each epoch."""
    rng = np.random.default_rng(seed)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(x_train))  # a new order in each epoch
        batch_losses = []
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]  # the indices of the next examples
            z, cache = network_forward(x_train[chosen], *parameters)  # forward
            L, dz = cross_entropy(z, target_train[chosen])
            _, *gradients = backward(dz, cache)  # backward; dx, the first, is not needed
            for p, dp in zip(parameters, gradients, strict=True):
                p -= lr * dp  # (19), update
            batch_losses.append(L)
        history.append(np.mean(batch_losses))
    return np.array(history)


def answers(parameters, x):
    """For each point the arm with the largest logit; argmax gives its index in each row."""
    return network_forward(x, *parameters)[0].argmax(axis=1)


def accuracy(parameters, x, target):
    """The proportion of points for which the answer is correct."""
    return (answers(parameters, x) == target).mean()


history = train(parameters)
print(f"loss in the first epoch {history[0]:.2f}, in the last {history[-1]:.2f}")
print(f"accuracy on the training set: {accuracy(parameters, x_train, target_train):.1%}")
print(f"accuracy on the test set:     {accuracy(parameters, x_test, target_test):.1%}")

# %%
show(
    network_figures.spiral_learned(history, lambda x: answers(parameters, x), x_test, target_test),
    "1.12",
    "Left: the loss begins near log 3 and falls. Right: the plane in the colours of the "
    "network's answers, with points of the test set, which it has never seen.",
)

# %% [markdown] id="ch01-the-loss-begins-near-as-expected"
# The loss begins near $\log 3$, and the ten hidden neurons bend the borders around the arms, including those of the test
# set. How do they do it? For XOR you saw the points before and after the hidden layer. Here the hidden layer has ten
# outputs, too many to draw as a point. But the last layer reads them only through its three sums, the logits, and only the
# differences between these matter. Two numbers are enough to draw them.

# %%
z_test, (_, h_test, *_) = network_forward(x_test, *parameters)
show(
    network_figures.hidden_view(
        lambda x: network_forward(x, *parameters)[1][1], z_test, target_test
    ),
    "1.13",
    "Left: what each hidden neuron answers in the plane of the spiral, from 0 (white) to 1 "
    "(black): one soft, straight border each. Right: the test set as the last layer sees it. "
    "The arms are pulled apart, and straight borders separate them.",
)

# %% [markdown] id="ch01-what-the-hidden-layer-sees"
# No single neuron knows a spiral; each only says on which side of its border a point is. Together they unroll the arms:
# what was wound up on the left of figure 1.1 lies in three separate places now, and the last layer draws its straight
# borders between them, as in the right panel of the figure for XOR.
#
# ### The same with the package
#
# A [`Dense`](../scratchnn/layers/dense.py) layer holds its parameters and calls the pair of functions from above;
# [`SGD`](../scratchnn/optim/optimizers.py) is equation (19). The function `fit` in
# [`examples/ch01.py`](../scratchnn/book/examples/ch01.py), with which the chapter began, makes the steps of `train` with
# them. With the same initial parameters and the same batches, the losses must be the same.

# %%
first = first_parameters(np.random.default_rng(0))
for parameter, numbers in zip(model.parameters(), first, strict=True):
    parameter.data = numbers
package_history = examples.fit(model, x_train, target_train, epochs=20)
print("the same losses in twenty epochs:", same(package_history, history[:20], within=1e-9))

# %% [markdown] id="ch01-the-first-gradient-check"
# ## The first gradient check
#
# How do you know that equations (21) to (23) are correct? The network learned, but that is no proof, as you will see in a
# moment. The test is a **gradient check** (기울기 검증): compare the gradient from backward, $g$, with the gradient from
# central differences, $\hat g$, which use the forward pass alone, entry by entry:
#
# $$ \mathrm{error} = \frac{|g - \hat g|}{\max(|g|, |\hat g|)} \tag{25} $$
#
# The error is *relative*: a thousandth is little for a gradient of 10 and much for one of a thousandth. The check uses
# random biases, since zero biases hide some mistakes, and a random cotangent in place of the loss.

# %%
check_rng = np.random.default_rng(3)
shapes = {"x": (4, 2), "W1": (2, 5), "b1": (5,), "W2": (5, 3), "b2": (3,)}
small = {name: check_rng.standard_normal(shape) for name, shape in shapes.items()}  # four examples
v = check_rng.standard_normal((4, 3))  # the cotangent


def gradient_check(backward):
    """Print the largest relative error for each array of the small network."""
    _, cache = network_forward(**small)
    for name, g in zip(small, backward(v, cache), strict=True):

        def loss(array, name=name):
            z, _ = network_forward(**{**small, name: array})  # the small network, with this array
            return (v * z).sum()

        g_hat = numerical_gradient(loss, small[name])
        error = (abs(g - g_hat) / np.maximum(abs(g), abs(g_hat))).max()  # (25)
        verdict = "below 1e-6" if error < 1e-6 else f"{error:.2f}   WRONG"
        print(f"{name:<2} {g.shape!s:<6} largest relative error {verdict}")


gradient_check(network_backward)

# %% [markdown] id="ch01-all-five-agree-to-six-digits"
# All five agree to six digits or more. The package has [its own checker](../scratchnn/gradcheck/engine.py). It takes the
# same pair of functions, and uses a second method that loses no digits, the complex step, which is explained there.

# %%
findings = check(pair_problem(network_forward, network_backward, small))
print(f"{len(findings)} comparisons, all correct: {all(finding.ok for finding in findings)}")

# %% [markdown] id="ch01-gradcheck-for-everything"
# `python -m scratchnn gradcheck` does this for the functions, layers and models of the package.
#
# ## What goes wrong
#
# > **What goes wrong.** A backward pass with a mistake need not crash, and the loss may well go down. The network only
# > learns worse than it could. Below, the slope of the sigmoid is forgotten: one factor, in one line.


# %%
def faulty_backward(dz, cache):
    """``network_backward`` with the slope of the sigmoid left out."""
    x, h, W1, W2 = cache
    dh = dz @ W2.T  # (21)
    da = dh  # (22) without h * (1 - h)
    return da @ W1.T, x.T @ da, da.sum(axis=0), h.T @ dz, dz.sum(axis=0)


faulty_parameters = first_parameters(np.random.default_rng(0))
faulty_history = train(faulty_parameters, faulty_backward)
print(f"loss in the first epoch {faulty_history[0]:.2f}, in the last {faulty_history[-1]:.2f}")
print(f"accuracy on the test set: {accuracy(faulty_parameters, x_test, target_test):.1%}")

# %%
show(
    network_figures.forgotten_factor(history, faulty_history),
    "1.14",
    "The same network with the correct backward pass, and with one factor missing. Seen "
    "alone, the orange curve looks like learning.",
)

# %% [markdown] id="ch01-on-its-own"
# On its own, the orange curve looks like a network that learns, perhaps one that is too small for its task. The forgotten
# slope is positive everywhere, so the contribution of a single example to the gradients still has the correct signs; only
# the sizes are wrong. The gradient check needs a fraction of a second:

# %%
gradient_check(faulty_backward)

# %% [markdown] id="ch01-it-also-shows-where-to-look"
# It also shows where to look. $W_2$ and $b_2$ are correct. $W_1$, $b_1$ and $x$ are wrong, and all three depend on $da$. So
# the mistake is on the way to $da$: in $dh$, equation (21), or in $da$ itself, equation (22).
#
# Not every failure comes from a wrong gradient. Here is the correct network with five learning rates, three of which fail.
#
# > **Question.** The learning rates are 0.01, 0.1, 1, 5 and 30. Which three fail, and what will the curve of the loss look
# > like for each of them?
# >
# > <details><summary>Answer</summary>
# >
# > The two smallest go downhill, but so slowly that they hardly get anywhere in 300 epochs: smooth, flat curves. With the
# > largest, each step overshoots the valley and lands somewhere on the other side: a ragged curve that stays high.
# >
# > </details>

# %%
curves = {}
print("learning rate   loss in the last epoch   accuracy on the test set")
for lr in (0.01, 0.1, 1.0, 5.0, 30.0):
    trial = first_parameters(np.random.default_rng(0))
    curves[lr] = train(trial, lr=lr)
    print(f"{lr:<15g} {curves[lr][-1]:<24.2f} {accuracy(trial, x_test, target_test):.1%}")

show(
    network_figures.learning_rates(curves),
    "1.15",
    "Five learning rates. The axis is logarithmic: look at which curves come down, which "
    "hardly move, and which stay high.",
)

# %% [markdown] id="ch01-if-the-learning-rate-is-too"
# A rate of 5 is faster than 1, and its curve is already ragged; somewhere between 5 and 30 the steps become too long. Try
# learning rates in factors of three or ten, and look at the curve, not only at its end.
#
# ## How many neurons?
#
# One result from one random start may be luck. So train networks of several sizes, each from several starts;
# `SCRATCHNN_FULL=1` uses ten starts and more epochs.

# %%
sizes = (1, 2, 3, 5, 10, 20, 50)
seeds, epochs = (range(10), 1000) if FULL else (range(3), 150)

results = {}
print("hidden neurons   parameters   accuracy on the test set: mean   worst start")
for H in sizes:
    results[H] = []
    for seed in seeds:
        trial = first_parameters(np.random.default_rng(seed), H=H)
        train(trial, epochs=epochs, seed=seed)
        results[H].append(accuracy(trial, x_test, target_test))
    size = sum(p.size for p in trial)
    print(f"{H:<16} {size:<12} {np.mean(results[H]):<32.1%} {min(results[H]):.1%}")

show(
    network_figures.network_sizes(results, epochs),
    "1.16",
    "Accuracy on the test set by the number of hidden neurons; each point is one random "
    "start. Few neurons cannot bend the borders around the arms.",
)

# %% [markdown] id="ch01-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch01_arrays_and_the_neural_network.py`, seeds 0 to 9, 1000 epochs,
# > 2026-11-21): accuracy on the test set, mean (worst): 53.8% (49.0%) with one hidden neuron, 72.0% (64.3%) with two, 80.8%
# > (75.3%) with three, 97.9% (96.0%) with five, 98.5% (97.7%) with ten, 98.5% (98.0%) with twenty, 98.6% (98.0%) with
# > fifty.
#
# A few hidden neurons are too few to bend the borders around the arms, and beyond ten, more neurons add little.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("1.1", sum_to_shape)  # your function: is it right, and if not, what is wrong?
# hint("1.1")
# solution("1.1")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 1                          # the list
# python -m scratchnn exercise 1.1 --template > my_answer.py
# python -m scratchnn exercise 1.1 my_answer.py
# ```
#
# `python -m scratchnn learn` goes through the exercises in order and checks an answer whenever you save its file.
#
# - **1.1** The backward pass of broadcasting: what was repeated is summed.
# - **1.2** Weights, found by hand, for a network of step functions that computes XNOR: 1 if both inputs are equal.
# - **1.3** The backward pass of a dense layer, from equations (6) and (8).
# - **1.4** The gradient of softmax and cross-entropy, for logits as large as 1000.
# - **1.5** The number of parameters of any stack of dense layers.
# - **1.6** The backward pass of a leaky ReLU.
#
# The solutions are in [`ch01.py`](../scratchnn/book/solutions/ch01.py). To practise finding mistakes like the one above,
# try `python -m scratchnn gradcheck --break dense`: it plants a fault, shows the check's report, and asks which equation is
# wrong.
#
# ## Where to read on
#
# - Rumelhart, Hinton and Williams, "Learning Representations by Back-Propagating Errors" (1986): the backward pass of this
#   chapter, and hidden units that find out by themselves what to represent.
# - Rosenblatt, "The Perceptron" (1958), and Minsky and Papert, *Perceptrons* (1969): what one neuron can learn, and what it
#   cannot.
# - Goodfellow, Bengio and Courville, *Deep Learning* (2016), chapter 6: XOR in its first section, and back-propagation.
# - Nielsen, *Neural Networks and Deep Learning* (2015), chapter 2: the backward pass at leisure, with every step derived.
# - Nair and Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines" (2010): the ReLU.
# - Saitoh, *Deep Learning from Scratch 2* (2018): its chapter 1 has a spiral made in the same way, and the same network of
#   ten hidden neurons, batch size, learning rate and epochs.
#
# ## What comes next
#
# The inputs of this chapter were numbers from the start. Chapter 2 is about text: how words and characters become arrays,
# and how far you can get by counting.
