"""The kit passes both clients of this repository, and detects each broken client by the cases of its rule."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
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
HTTP = [sys.executable, str(HERE / "adapters/http_client.py")]
JAVASCRIPT = ["node", str(HERE / "adapters/javascript_client.mjs")]
BROKEN_CLIENT = [sys.executable, str(HERE / "tests/broken_clients.py")]
BROKEN_JAVASCRIPT = ["node", str(HERE / "tests/broken_javascript.mjs")]
TRIES = 3
"""How often a broken client may pass."""
JOBS = 10
"""Broken clients at the same time."""
ENVIRONMENT = {"PYTHONPATH": os.pathsep.join([str(HERE / "src"), str(HERE.parent / "python/src")])}


class Runs(NamedTuple):
    """The results of the clients of this repository and of the broken ones."""

    python: Report
    javascript: Report
    only_stream: Report
    only_poll: Report
    broken: Sequence[tuple[str, Result]]


@pytest.fixture(autouse=True)
def _path(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def broken_javascript() -> dict[str, list[str]]:
    """Returns the cases that must detect each broken JavaScript client."""
    listed = subprocess.run([*BROKEN_JAVASCRIPT, "--list"], capture_output=True, text=True, check=True)
    clients: dict[str, list[str]] = json.loads(listed.stdout)
    return clients


@pytest.fixture(scope="module")
def runs() -> Runs:
    """Tests all clients at the same time, since most cases wait most of the time."""
    cases = {case.name: case for case in CASES}
    broken = [([*BROKEN_CLIENT, name], case) for name, (case, _) in BROKEN.items()]
    broken += [([*BROKEN_JAVASCRIPT, name], case) for name, those in broken_javascript().items() for case in those]
    turns = asyncio.Semaphore(JOBS)

    async def one(command: list[str], case: str) -> tuple[str, Result]:
        async with turns:
            # On a slow machine, a broken client may do too little in the time of a case.
            for _ in range(TRIES):
                result = await try_case(cases[case], command, BROKEN_S)
                if result.failure is not None:
                    break
            return command[-1], result

    async def try_all() -> Runs:
        all_broken = asyncio.gather(*(one(command, case) for command, case in broken))
        clients = asyncio.gather(run(PYTHON), run(JAVASCRIPT), run([*HTTP, "stream"]), run([*HTTP, "poll"]))
        return Runs(*await clients, await all_broken)

    with pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in ENVIRONMENT.items():
            monkeypatch.setenv(name, value)
        return asyncio.run(try_all())


def test_the_clients_of_this_repository_pass(runs: Runs) -> None:
    assert not runs.python.failures, runs.python.text()
    assert not runs.javascript.failures, runs.javascript.text()
    assert len(runs.javascript.results) == len(CASES)
    # The Python client has only WebSockets.
    assert all(case.transports != ("websocket",) for case in runs.python.left_out)


def test_clients_that_only_stream_or_only_poll_pass(runs: Runs) -> None:
    for report in (runs.only_stream, runs.only_poll):
        assert not report.failures, report.text()
        assert {result.case.transports for result in report.results} == {tuple(report.transports)}


def test_each_broken_client_is_detected_by_the_cases_of_its_rule(runs: Runs) -> None:
    assert len(runs.broken) >= 10
    faults = ("adapter", "the kit", f"within {BROKEN_S:g} s: the client connects")
    wrong = [
        f"{name}: {result.case.name}: {result.failure}"
        for name, result in runs.broken
        if result.failure is None or result.failure.startswith(faults)
    ]
    assert not wrong, "\n".join(wrong)
    for name, result in runs.broken:
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
    def kit(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "orderbell_conformance", *arguments]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, env={**os.environ, **ENVIRONMENT}, cwd=tmp_path
        )

    def outputs(name: str) -> list[str]:
        return ["--only", "repeats", "--json", f"{name}.json", "--junit", f"{name}.xml"]

    commands = [
        [*outputs("good"), "--", *PYTHON],
        [*outputs("bad"), "--patience", "3", "--", *BROKEN_CLIENT, "applies_repeats"],
        ["--only", "repeats", "--", "no-such-command"],
        ["--only", "no_such_case", "--", *PYTHON],
        ["--list"],
    ]
    with ThreadPoolExecutor() as pool:
        good, bad, missing, unknown, listed = pool.map(kit, commands)

    assert good.returncode == 0, good.stdout + good.stderr
    assert "1 passed, 0 failed" in good.stdout
    assert json.loads((tmp_path / "good.json").read_text())["cases"][0]["passed"] is True
    assert ElementTree.parse(tmp_path / "good.xml").getroot().attrib["failures"] == "0"

    assert bad.returncode == 1
    assert "FAILED repeats" in bad.stdout
    assert json.loads((tmp_path / "bad.json").read_text())["cases"][0]["transcript"]
    assert ElementTree.parse(tmp_path / "bad.xml").getroot().attrib["failures"] == "1"

    assert missing.returncode == 2
    assert unknown.returncode == 2
    assert "gap_before_a_sync" in listed.stdout
