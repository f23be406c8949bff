"""The report: for people, as JSON, and as JUnit's XML."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

from .house import Json
from .trial import Result


@dataclass(frozen=True)
class Report:
    """The results of a client."""

    client: str
    command: Sequence[str]
    results: Sequence[Result]
    seconds: float

    @property
    def failures(self) -> list[Result]:
        """The cases that failed."""
        return [result for result in self.results if result.failure is not None]

    def text(self) -> str:
        """Returns the report for people."""
        lines = [f"{self.client}: {' '.join(self.command)}"]
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
                "passed": result.failure is None,
                "seconds": round(result.seconds, 3),
                **({} if result.failure is None else {"failure": result.failure, "transcript": result.transcript}),
            }
            for result in self.results
        ]
        failed = len(self.failures)
        counts = {"passed": len(cases) - failed, "failed": failed, "seconds": round(self.seconds, 3)}
        return {"client": self.client, "protocol": "orderbell.v1", **counts, "cases": cases}

    def junit(self) -> str:
        """Returns the report as JUnit's XML, which most build servers read."""
        counts = {"tests": str(len(self.results)), "failures": str(len(self.failures)), "time": f"{self.seconds:.3f}"}
        suite = Xml.Element("testsuite", {"name": f"orderbell.v1: {self.client}", **counts})
        for result in self.results:
            named = {"classname": result.case.section, "name": result.case.name, "time": f"{result.seconds:.3f}"}
            case = Xml.SubElement(suite, "testcase", named)
            if result.failure is not None:
                failure = Xml.SubElement(case, "failure", {"message": _printable(result.failure)})
                failure.text = _printable("\n".join([result.case.rule, result.failure, *result.transcript]))
        return Xml.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _printable(text: str) -> str:
    """Returns a text without the characters that XML cannot have."""
    return re.sub(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)
