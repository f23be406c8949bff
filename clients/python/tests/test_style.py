"""Types and style, by mypy and ruff."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent

EXAMPLE = (HERE / "README.md").read_text().split("```python\n")[1].split("```")[0]

TOOLS = [
    ("mypy",),
    ("mypy", "--config-file=", "--strict", "-c", EXAMPLE),
    ("ruff", "check", "."),
    ("ruff", "format", "--check", "."),
]

ENVIRONMENT = {**os.environ, "MYPYPATH": "src"}


@pytest.mark.parametrize("tool", TOOLS)
def test_tools_find_nothing(tool: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *tool], cwd=HERE, env=ENVIRONMENT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
