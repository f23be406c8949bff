"""The list of the cases."""

from collections.abc import Awaitable, Callable

from ..trial import Case, Trial

CASES: list[Case] = []

Run = Callable[[Trial], Awaitable[None]]

WEBSOCKET = ("websocket",)
ALL = ("websocket", "stream", "poll")
HTTP = ("stream", "poll")


def case(section: str, name: str | None = None, over: tuple[str, ...] = WEBSOCKET) -> Callable[[Run], Run]:
    """Registers a case for each of some transports. The first line of its text is the rule."""

    def register(run: Run) -> Run:
        for transport in over:
            is_only = transport == "websocket" or len(over) == 1
            own = named(run, name) + ("" if is_only else f"_over_{transport}")
            CASES.append(Case(own, section, rule_of(run), (transport,), run))
        return run

    return register


def change(section: str, *transports: str) -> Callable[[Run], Run]:
    """Registers a case of a client that changes between transports. Only the first one is open at the beginning."""

    def register(run: Run) -> Run:
        CASES.append(Case(named(run, None), section, rule_of(run), transports, run))
        return run

    return register


def named(run: Run, name: str | None) -> str:
    """Returns the name of a case."""
    return name or str(getattr(run, "__name__", ""))


def rule_of(run: Run) -> str:
    """Returns the rule of a case."""
    return (run.__doc__ or "").strip().splitlines()[0]
