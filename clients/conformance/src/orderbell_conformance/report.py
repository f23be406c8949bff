"""The report: for people, as JSON, and as JUnit's XML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from .house import Json
from .trial import Case, Result


@dataclass(frozen=True)
class Report:
    """The results of a client."""

    client: str
    command: Sequence[str]
    transports: Sequence[str]
    results: Sequence[Result]
    left_out: Sequence[Case]
    """The cases that need a transport which the client does not have."""
    seconds: float

    @property
    def failures(self) -> list[Result]:
        """The cases that failed."""
        return [result for result in self.results if result.failure is not None]

    def text(self) -> str:
        """Returns the report for people."""
        lines = [f"{self.client}: {' '.join(self.command)}", f"transports: {', '.join(self.transports)}"]
        section = ""
        for result in self.results:
            if result.case.section != section:
                section = result.case.section
                lines.append(f"\n{section}")
            mark = "ok    " if result.failure is None else "FAILED"
            lines.append(f"  {mark} {result.case.name} ({result.seconds:.1f} s)")
            if result.failure is not None:
                lines += [f"         the rule: {result.case.rule}", f"         seen: {result.failure.rstrip()}"]
                lines += [f"         | {line}" for line in result.transcript]
        if self.left_out:
            needed = sorted({each for case in self.left_out for each in case.transports} - set(self.transports))
            lines.append(f"\n{len(self.left_out)} not tested, since the client has no {' and no '.join(needed)}")
        passed = len(self.results) - len(self.failures)
        lines.append(f"\n{passed} passed, {len(self.failures)} failed in {self.seconds:.1f} s")
        return "\n".join(lines)

    def json(self) -> Json:
        """Returns the report for programs."""
        cases = [
            {
                "name": result.case.name,
                "section": result.case.section,
                "rule": result.case.rule,
                "transports": list(result.case.transports),
                "passed": result.failure is None,
                "seconds": round(result.seconds, 3),
                **({} if result.failure is None else {"failure": result.failure, "transcript": result.transcript}),
            }
            for result in self.results
        ]
        failed = len(self.failures)
        counts = {"passed": len(cases) - failed, "failed": failed, "seconds": round(self.seconds, 3)}
        kinds = {"transports": list(self.transports), "not_tested": [case.name for case in self.left_out]}
        return {"client": self.client, "protocol": "orderbell.v1", **kinds, **counts, "cases": cases}

    def junit(self) -> str:
        """Returns the report as JUnit's XML, which most build servers read."""
        tests, left_out = len(self.results) + len(self.left_out), len(self.left_out)
        counts = {"tests": str(tests), "failures": str(len(self.failures)), "skipped": str(left_out)}
        counts |= {"time": f"{self.seconds:.3f}"}
        suite = Xml.Element("testsuite", {"name": f"orderbell.v1: {self.client}", **counts})
        for result in self.results:
            named = {"classname": result.case.section, "name": result.case.name, "time": f"{result.seconds:.3f}"}
            case = Xml.SubElement(suite, "testcase", named)
            if result.failure is not None:
                failure = Xml.SubElement(case, "failure", {"message": _printable(result.failure)})
                failure.text = _printable("\n".join([result.case.rule, result.failure, *result.transcript]))
        for left_out_case in self.left_out:
            named = {"classname": left_out_case.section, "name": left_out_case.name, "time": "0"}
            Xml.SubElement(Xml.SubElement(suite, "testcase", named), "skipped")
        return Xml.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Returns a text without the characters that XML cannot have."""
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
