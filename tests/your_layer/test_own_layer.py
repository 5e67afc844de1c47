"""The reader's own layer: the template passes, faults are located, a breach of the protocol is an error of one line."""

import pytest
from own_layer import ADD, HEAD, RETURN, START, swap

from scratchnn.cli import main
from scratchnn.your_layer.check import template_text


def row(output, array):
    """The line of the table for an array, and the lines indented below it."""
    lines = output.splitlines()
    assert lines[1].split()[0] == "Mine"
    start = next(k for k, line in enumerate(lines) if line.split()[0] == array)
    end = start + 1
    while lines[end].startswith("    "):
        end += 1
    return " ".join(" ".join(lines[start:end]).split())


def test_template_passes_unchanged(checked):
    status, output, _ = checked(template_text(), "MyGRU")
    assert status == 0
    assert output.count(" ok") == 5


def test_right_layer_passes(checked):
    status, output, error = checked(HEAD)
    assert (status, error) == (0, "")
    assert row(output, "x").endswith("ok")
    assert row(output, "W").endswith("ok")


def test_two_layers_and_a_registered_case_in_one_call(tmp_path, capsys):
    path = tmp_path / "two.py"
    path.write_text(HEAD + "\n\nclass Other(Mine):\n    pass\n", encoding="utf-8")
    assert main(["gradcheck", "tanh", f"{path}:Mine", f"{path}:Other"]) == 0
    assert "3 cases, 5 arrays, 0 FAIL in " in capsys.readouterr().out


# --- wrong gradients: which array, by how much, where ----------------------------------------------------------------


def test_one_wrong_entry_is_named(checked):
    wrong = "dW = np.tanh(x).T @ dy\n        dW[2, 1] *= 3\n        self.W.accumulate(dW)"
    status, output, _ = checked(swap((ADD, wrong)))
    assert status == 1
    assert row(output, "x").endswith("ok")
    text = row(output, "W")
    assert "6.7e-01 [2,1] 6.7e-01 [2,1] FAIL" in text  # |3 g - g| / |3 g|
    assert "1 of 12 entries wrong, all in [2,1]" in text


def test_wrong_transpose_shows_as_shape(checked):
    status, output, _ = checked(swap(("return dy @ self.W.data.T * (1 - np.tanh(x) ** 2)", "return dy")))
    assert status == 1
    assert "the gradient has shape (2, 4), the array (2, 3)" in row(output, "x")


def test_gradient_that_replaces(checked):
    status, output, _ = checked(swap((ADD, "self.W.grad = np.tanh(x).T @ dy")))
    assert status == 1
    assert "two backward passes do not double the gradient: add to it, do not replace it" in row(output, "W")


def test_parameter_forgotten(checked):
    status, output, _ = checked(swap((ADD, "pass")))
    assert status == 1
    assert "the backward pass returns zero everywhere" in row(output, "W")


def test_parameter_unused(checked):
    unused = "self.W = Parameter.glorot((3, 4), rng)\n        self.b = Parameter.zeros((4,))"
    status, output, _ = checked(swap(("self.W = Parameter.glorot((3, 4), rng)", unused)))
    assert status == 1
    assert "zero everywhere: nothing was checked" in row(output, "b")


def test_backward_that_writes_into_its_cotangent(checked):
    status, output, _ = checked(
        swap(
            ("        x = self.pop()\n", "        x = self.pop()\n        dx = dy @ self.W.data.T\n"),
            ("return dy @ self.W.data.T * (1 - np.tanh(x) ** 2)", "dy *= 2\n        return dx * (1 - np.tanh(x) ** 2)"),
        )
    )
    assert status == 1
    assert "backward writes into it" in row(output, "cotangent")


def test_float32_gradient_is_named(checked):
    wrong = "self.W.accumulate((np.tanh(x).T @ dy).astype(np.float32))"
    status, output, _ = checked(swap((ADD, wrong)), "Mine", "--method", "complex")
    assert status == 1
    assert "float32" in row(output, "W")


# --- inputs that are not differentiated, several outputs, masks ------------------------------------------------------


def test_integers_and_booleans_are_passed_on(checked):
    text = swap(
        (
            '{"x": rng.standard_normal((2, 3))}',
            '{"keep": np.array([True, False]), "x": rng.standard_normal((2, 3)), "k": 2}',
        ),
        ("def forward(self, x):", "def forward(self, keep, x, k):\n        self.k = k"),
        (RETURN, "return np.tanh(x) @ self.W.data * k"),
        ("        x = self.pop()\n", "        x = self.pop()\n        dy = dy * self.k\n"),
    )
    status, output, _ = checked(text)
    assert status == 0
    assert "2 arrays" in output


def test_two_outputs(checked):
    text = swap(
        (RETURN, "return np.tanh(x) @ self.W.data, 3 * x"),
        ("def backward(self, dy):", "def backward(self, dy, dz):"),
        ("* (1 - np.tanh(x) ** 2)", "* (1 - np.tanh(x) ** 2) + 3 * dz"),
    )
    assert checked(text)[0] == 0


def test_nested_state(checked):
    text = swap(
        (RETURN, 'return np.tanh(x) @ self.W.data, {"state": [3 * x], "none": None}'),
        ("def backward(self, dy):", "def backward(self, dy, dstate):"),
        ("* (1 - np.tanh(x) ** 2)", '* (1 - np.tanh(x) ** 2) + 3 * dstate["state"][0]'),
    )
    assert checked(text)[0] == 0


def test_mask_from_own_generator(checked):
    text = swap(
        ("        super().__init__()\n", "        super().__init__()\n        self.rng = rng\n"),
        (
            "        self.push(x)\n        return np.tanh(x) @",
            "        m = self.rng.random(x.shape) > 0.5\n        self.push((x, m))\n        return m * np.tanh(x) @",
        ),
        ("        x = self.pop()\n", "        x, m = self.pop()\n"),
        ("np.tanh(x).T @ dy", "(m * np.tanh(x)).T @ dy"),
        ("return dy @", "return m * (dy @"),
        ("self.W.data.T *", "self.W.data.T) *"),
    )
    assert checked(text)[0] == 0


# --- forward passes that the complex step cannot use -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("forward", "backward", "reason"),
    [
        ("np.abs(x)", "np.sign(x)", "lose the imaginary part between x"),
        ("np.fmod(x, 9)", "1", "complex numbers (TypeError in line 16"),
        ("x.astype(float)", "1", "complex numbers (ComplexWarning in line 16"),
    ],
)
def test_central_differences_alone(checked, forward, backward, reason):
    text = swap(
        (START, f"return {forward} @"),
        ("np.tanh(x).T @ dy", f"({forward}).T @ dy"),
        ("(1 - np.tanh(x) ** 2)", backward),
    )
    status, output, _ = checked(text, "Mine", "--method", "complex")
    assert status == 0
    assert "checked by central differences alone" in output
    assert reason in " ".join(output.split())
    assert "complex 0" not in output


def test_a_module_beside_it_can_be_imported(checked, tmp_path):
    (tmp_path / "beside_my_layer.py").write_text("FACTOR = 2.0\n", encoding="utf-8")
    text = "from beside_my_layer import FACTOR\n" + swap(
        (START, "return FACTOR * np.tanh(x) @"),
        ("        x = self.pop()\n", "        x = self.pop()\n        dy = FACTOR * dy\n"),
    )
    assert checked(text)[0] == 0
    assert not list(tmp_path.glob("__pycache__/my_layer*"))  # the file is read again each time
