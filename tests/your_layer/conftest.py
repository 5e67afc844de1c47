"""The command that checks a layer in a file."""

import pytest

from scratchnn.cli import main


@pytest.fixture
def checked(tmp_path, capsys):
    """Checks a class in a file through the command line: status, output, error output."""

    def check(text, name="Mine", *options):
        path = tmp_path / "my_layer.py"
        path.write_text(text, encoding="utf-8")
        status = main(["gradcheck", f"{path}:{name}" if name else str(path), *options])
        captured = capsys.readouterr()
        return status, captured.out, captured.err.replace(str(path), "my_layer.py")

    return check
