"""Runs the kit. The status is 0 if the client passed, 1 if it failed, and 2 if it could not be tested."""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from .cases import CASES
from .report import Report
from .trial import PATIENCE_S, AdapterFailed, Case, Result, ask_client, try_case

JOBS = 8


async def run(
    command: Sequence[str], cases: Sequence[Case] = CASES, jobs: int = JOBS, patience: float = PATIENCE_S
) -> Report:
    """Tests a client with those of the cases for which it has the transports, some at the same time."""
    began, turns = time.monotonic(), asyncio.Semaphore(jobs)
    try:
        name, transports = await ask_client(command, patience)
    except AdapterFailed as error:
        results = [Result(case, 0.0, f"adapter: {error}") for case in cases[:1]]
        return Report("?", command, (), results, [], time.monotonic() - began)
    known = set(transports)

    async def one(case: Case) -> Result:
        async with turns:
            return await try_case(case, command, patience)

    possible = [case for case in cases if known.issuperset(case.transports)]
    results = list(await asyncio.gather(*(one(case) for case in possible)))
    results.sort(key=lambda result: [case.section for case in CASES].index(result.case.section))
    left_out = [case for case in cases if not known.issuperset(case.transports)]
    return Report(name, command, transports, results, left_out, time.monotonic() - began)


def main() -> None:
    """Reads the command line, and exits with the status."""
    parser = argparse.ArgumentParser(
        prog="orderbell-conformance",
        description="Tests a client of the protocol orderbell.v1 against a hostile server.",
        epilog="Example: orderbell-conformance --junit report.xml -- node my_adapter.mjs",
    )
    parser.add_argument("command", nargs="*", help="the command that starts the client's adapter")
    parser.add_argument("--list", action="store_true", help="list the cases and their rules")
    parser.add_argument("--only", action="append", metavar="CASE", help="run this case; may be repeated")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"cases at the same time ({JOBS} by default)")
    patience = f"the longest time for each expected action of the client ({PATIENCE_S:g} s by default)"
    parser.add_argument("--patience", type=float, default=PATIENCE_S, metavar="SECONDS", help=patience)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the report as JSON")
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the report as JUnit's XML")
    options = parser.parse_args()
    cases = [case for case in CASES if not options.only or case.name in options.only]
    if options.list:
        for case in cases:
            print(f"{case.name} [{case.section}] ({', '.join(case.transports)})\n  {case.rule}")
        return
    unknown = set(options.only or ()) - {case.name for case in CASES}
    if unknown or not options.command or options.jobs < 1:
        parser.error(f"no such case: {', '.join(sorted(unknown))}" if unknown else "name the adapter's command")
    report = asyncio.run(run(options.command, cases, options.jobs, options.patience))
    print(report.text())
    if options.json:
        options.json.write_text(json.dumps(report.json(), indent=2) + "\n")
    if options.junit:
        options.junit.write_text(report.junit())
    if report.client == "?":
        sys.exit(2)
    sys.exit(1 if report.failures else 0)


if __name__ == "__main__":
    main()
