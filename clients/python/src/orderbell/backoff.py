"""Delays between attempts."""

from collections.abc import Callable

BASE_S = 0.5
"""The ceiling of the first delay; it doubles with every attempt."""
CAP_S = 20.0
"""The longest delay."""


def full_jitter(attempt: int, random: Callable[[], float], *, base_s: float = BASE_S, cap_s: float = CAP_S) -> float:
    """Returns a delay, drawn evenly between zero and a ceiling that doubles with every attempt.

    A thousand clients that lost the same server then reconnect spread over the whole window, not in waves.
    """
    return float(random() * min(cap_s, base_s * 2 ** min(attempt, 30)))
