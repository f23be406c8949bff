"""The client's reactions to closes and errors: the tables of docs/protocol.md."""

from collections.abc import Mapping
from enum import Enum
from typing import Any


class AfterClose(Enum):
    """The reaction to the end of a connection."""

    STOP = "stop"
    """Do not reconnect."""
    TOKEN = "token"
    """Get a new token, then reconnect."""
    AT_ONCE = "at once"
    """Reconnect from the cursors."""
    SLOT = "slot"
    """Reconnect in the slot named in `going_away`, or after backoff without one."""
    BACKOFF = "backoff"
    """Reconnect after backoff."""


CLOSE_CODES: Mapping[int, tuple[str, AfterClose]] = {
    1000: ("normal", AfterClose.STOP),
    1009: ("frame too large", AfterClose.STOP),
    1012: ("restarting", AfterClose.SLOT),
    4400: ("protocol violation", AfterClose.STOP),
    4401: ("token expired or session ended", AfterClose.TOKEN),
    4403: ("not allowed any more", AfterClose.STOP),
    4408: ("heartbeat lost", AfterClose.BACKOFF),
    4409: ("too slow", AfterClose.AT_ONCE),
    4429: ("rate limited", AfterClose.BACKOFF),
}


def after_close(code: int) -> tuple[str, AfterClose]:
    """Returns the name of a close code and the reaction. A code that is not in the table is a lost connection."""
    return CLOSE_CODES.get(code, ("connection lost", AfterClose.BACKOFF))


class AfterError(Enum):
    """The reaction to an error that answers a command or a subscription."""

    FINAL = "final"
    """The answer stands."""
    LATER = "later"
    """Send the same again after `retry_after_ms`, or after backoff."""
    TOKEN = "token"
    """Send the same again with a new token."""


_LATER = frozenset({"rate_limited", "unavailable", "internal"})


def after_error(code: str, reason: str | None = None) -> AfterError:
    """Returns the reaction to an error code. An unknown code stands, like a refusal."""
    if reason is not None and reason.startswith("open_orders"):
        # Nobody knows when an open order will close.
        return AfterError.FINAL
    if code == "unauthorized":
        return AfterError.TOKEN
    return AfterError.LATER if code in _LATER else AfterError.FINAL


class OrderbellError(Exception):
    """A refusal by the server, with a code of the contract, or by this client.

    The codes of this client are `queue_full`, `expired`, `stopped`, and `offline` for a call without an answer.
    """

    def __init__(
        self,
        code: str,
        message: str = "",
        *,
        reason: str | None = None,
        document: dict[str, Any] | None = None,
        retry_after_s: float | None = None,
        status: int | None = None,
    ) -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code = code
        self.message = message
        self.reason = reason
        """A machine-readable detail, such as the limit that was reached."""
        self.document = document
        """The current document if the code is `stale`, or the prices if it is `price_changed`."""
        self.retry_after_s = retry_after_s
        self.status = status
        """The HTTP status of a refusal over HTTP."""

    @classmethod
    def of(cls, frame: Mapping[str, Any]) -> "OrderbellError":
        """Returns the refusal that an `error` frame carries."""
        wait = frame.get("retry_after_ms")
        return cls(
            str(frame.get("code", "internal")),
            str(frame.get("message", "")),
            reason=frame.get("reason"),
            document=frame.get("document"),
            retry_after_s=wait / 1000 if isinstance(wait, int | float) else None,
        )
