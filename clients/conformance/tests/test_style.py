"""Types and style, by mypy and ruff."""

import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent

TOOLS = [
    ("mypy",),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
]


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_find_nothing(tool: tuple[str, ...]) -> None:
    done = subprocess.run([sys.executable, "-m", *tool], cwd=HERE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
