"""The list of the cases."""

from collections.abc import Awaitable, Callable

from ..trial import Case, Trial

CASES: list[Case] = []

Run = Callable[[Trial], Awaitable[None]]


def case(section: str, name: str | None = None) -> Callable[[Run], Run]:
    """Registers a case. The first line of its text is the rule."""

    def register(run: Run) -> Run:
        own = name or str(getattr(run, "__name__", ""))
        CASES.append(Case(own, section, (run.__doc__ or "").strip().splitlines()[0], run))
        return run

    return register
