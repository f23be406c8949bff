"""The kit passes both clients of this repository, and detects each broken client by the cases of its rule."""

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
from orderbell_conformance.trial import Result, try_case

HERE = Path(__file__).parents[1]
PYTHON = [sys.executable, str(HERE / "adapters/python_client.py")]
BROKEN_S = 4.0
"""The patience with broken clients, which must fail."""
JAVASCRIPT = ["node", str(HERE / "adapters/javascript_client.mjs")]
BROKEN_CLIENT = [sys.executable, str(HERE / "tests/broken_clients.py")]
BROKEN_JAVASCRIPT = ["node", str(HERE / "tests/broken_javascript.mjs")]
JOBS = 16
"""Cases at the same time. Most of them wait."""
OUTPUTS = ["--only", "repeats", "--json", "r.json", "--junit", "r.xml"]
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(HERE / "src"), str(HERE.parent / "python/src")])}


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_the_clients_of_this_repository_pass() -> None:
    async def try_both() -> list[Report]:
        return list(await asyncio.gather(run(PYTHON), run(JAVASCRIPT)))

    python, javascript = asyncio.run(try_both())
    assert not python.failures, python.text()
    assert not javascript.failures, javascript.text()
    assert len(javascript.results) == len(CASES)
    # The Python client has only WebSockets.
    assert all(case.transports != ("websocket",) for case in python.left_out)


def broken_javascript() -> dict[str, list[str]]:
    """Returns the cases that must detect each broken JavaScript client."""
    listed = subprocess.run([*BROKEN_JAVASCRIPT, "--list"], capture_output=True, text=True, check=True)
    clients: dict[str, list[str]] = json.loads(listed.stdout)
    return clients


def test_each_broken_client_is_detected_by_the_cases_of_its_rule() -> None:
    cases = {case.name: case for case in CASES}
    broken = [([*BROKEN_CLIENT, name], case) for name, (case, _) in BROKEN.items()]
    broken += [([*BROKEN_JAVASCRIPT, name], case) for name, those in broken_javascript().items() for case in those]

    async def try_all() -> list[tuple[str, Result]]:
        turns = asyncio.Semaphore(JOBS)

        async def one(command: list[str], case: str) -> tuple[str, Result]:
            async with turns:
                return command[-1], await try_case(cases[case], command, BROKEN_S)

        return await asyncio.gather(*(one(command, case) for command, case in broken))

    results = asyncio.run(try_all())
    assert len(results) == len(broken) >= 10
    faults = ("adapter", "the kit", f"within {BROKEN_S:g} s: the client connects")
    wrong = [
        f"{name}: {result.case.name}: {result.failure}"
        for name, result in results
        if result.failure is None or result.failure.startswith(faults)
    ]
    assert not wrong, "\n".join(wrong)
    for name, result in results:
        print(f"{name}: {result.case.name} in {result.seconds:.1f} s: {result.failure}")


def test_each_case_without_websocket_detects_a_broken_client() -> None:
    detected = {case for cases in broken_javascript().values() for case in cases}
    over_http = {case.name for case in CASES if case.transports != ("websocket",)}
    assert over_http == detected, f"without a broken client: {over_http - detected}"


def test_a_client_with_one_transport_is_tested_by_the_cases_of_that_transport() -> None:
    cases = [case for case in CASES if case.name in ("gap", "gap_over_stream", "gap_over_poll", "blocked_stream")]
    report = asyncio.run(run([*JAVASCRIPT, "poll"], cases))
    assert not report.failures, report.text()
    assert [result.case.name for result in report.results] == ["gap_over_poll"]
    assert "3 not tested, since the client has no stream and no websocket" in report.text()
    assert report.json()["not_tested"] == ["gap", "gap_over_stream", "blocked_stream"]
    suite = ElementTree.fromstring(report.junit())
    assert [suite.attrib[name] for name in ("tests", "failures", "skipped")] == ["4", "0", "3"]


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
