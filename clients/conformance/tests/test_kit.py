"""The kit passes both clients of this repository, and detects each broken client by the case of its rule."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from broken_clients import BROKEN

from orderbell_conformance.__main__ import run
from orderbell_conformance.cases import CASES
from orderbell_conformance.report import Report

HERE = Path(__file__).parents[1]
PYTHON = [sys.executable, str(HERE / "adapters/python_client.py")]
BROKEN_S = 6.0
"""The patience with broken clients, which must fail."""
JAVASCRIPT = ["node", str(HERE / "adapters/javascript_client.mjs")]
BROKEN_CLIENT = [sys.executable, str(HERE / "tests/broken_clients.py")]
OUTPUTS = ["--only", "repeats", "--json", "r.json", "--junit", "r.xml"]
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(HERE / "src"), str(HERE.parent / "python/src")])}


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("command", [PYTHON, JAVASCRIPT], ids=["python", "javascript"])
def test_the_clients_of_this_repository_pass(command: list[str]) -> None:
    report = asyncio.run(run(command))
    assert not report.failures, report.text()
    assert len(report.results) == len(CASES)


def test_each_broken_client_is_detected_by_the_case_of_its_rule() -> None:
    cases = {case.name: case for case in CASES}

    async def try_all() -> dict[str, Report]:
        turns = asyncio.Semaphore(8)

        async def one(name: str, case: str) -> tuple[str, Report]:
            async with turns:
                return name, await run([*BROKEN_CLIENT, name], [cases[case]], patience=BROKEN_S)

        return dict(await asyncio.gather(*(one(name, case) for name, (case, _) in BROKEN.items())))

    reports = asyncio.run(try_all())
    assert len(reports) >= 10
    for name, report in reports.items():
        (result,) = report.results
        assert result.failure is not None, f"{name} passed {result.case.name}"
        faults = ("adapter", "the kit", f"within {BROKEN_S:g} s: the client connects")
        assert not result.failure.startswith(faults), f"{name}: {result.failure}"
        print(f"{name}: {result.failure}")


def test_the_command_writes_reports_and_exits_with_the_status_of_the_result(tmp_path: Path) -> None:
    def kit(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "orderbell_conformance", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT}, cwd=tmp_path
        )

    good = kit(*OUTPUTS, "--", *PYTHON)
    assert good.returncode == 0, good.stdout + good.stderr
    assert "1 passed, 0 failed" in good.stdout
    assert json.loads((tmp_path / "r.json").read_text())["cases"][0]["passed"] is True
    assert ElementTree.parse(tmp_path / "r.xml").getroot().attrib["failures"] == "0"

    bad = kit(*OUTPUTS, "--patience", "3", "--", *BROKEN_CLIENT, "applies_repeats")
    assert bad.returncode == 1
    assert "FAILED repeats" in bad.stdout
    case = json.loads((tmp_path / "r.json").read_text())["cases"][0]
    assert case["transcript"]
    assert ElementTree.parse(tmp_path / "r.xml").getroot().attrib["failures"] == "1"

    assert kit("--only", "repeats", "--", "no-such-command").returncode == 2
    assert kit("--only", "no_such_case", "--", *PYTHON).returncode == 2
    assert "gap_before_a_sync" in kit("--list").stdout
