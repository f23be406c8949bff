"""Commands until they are answered. Pure: frames and times go in and out."""

from collections.abc import Callable
from dataclasses import dataclass

from .backoff import full_jitter
from .codes import AfterError, OrderbellError, after_error
from .wire import JsonObject

BOUND = 200
"""The bound of unanswered commands. One more is refused with `queue_full`."""
MAX_TRIES = 5
"""The number of temporary refusals after which the refusal of a command is final."""
ORDER_LIFETIME_S = 10 * 60.0
"""How long an unanswered order or round may wait. A later one would surprise its guest."""
COMMAND_LIFETIME_S = 12 * 3600.0
"""How long another command may wait. The server remembers ids for a day; half of that leaves a margin."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The end of a command."""

    id: str
    ack: JsonObject | None = None
    error: OrderbellError | None = None


@dataclass(slots=True)
class _Entry:
    frame: JsonObject
    at: float
    sent: bool = False
    tries: int = 0
    not_before: float = 0.0

    @property
    def id(self) -> str:
        return str(self.frame["id"])

    @property
    def lane(self) -> str:
        """The lane of the command. Commands of one lane are sent one after another."""
        return str(self.frame.get("order", self.id)) if self.frame["type"] == "command" else self.id

    @property
    def expires_at(self) -> float:
        is_order = self.frame["type"] == "place" or self.frame.get("action") == "add_items"
        return self.at + (ORDER_LIFETIME_S if is_order else COMMAND_LIFETIME_S)


class Outbox:
    """Unanswered commands, oldest first. Each is sent again under its id on every new connection."""

    def __init__(self, random: Callable[[], float]) -> None:
        self._random = random
        self._entries: dict[str, _Entry] = {}
        self._up = False
        self._spacing = 0.0
        self._next_at = 0.0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, id: str) -> bool:
        return id in self._entries

    def add(self, frame: JsonObject, now: float) -> None:
        """Adds a `command` or `place` with its id. Raises `queue_full` over the bound."""
        if len(self._entries) >= BOUND:
            raise OrderbellError("queue_full", f"{BOUND} commands wait for an answer")
        self._entries.setdefault(frame["id"], _Entry(frame, now))

    def up(self, messages_per_second: float | None) -> None:
        """Begins a connection: sends all unanswered commands again, no faster than the server allows."""
        self._up = True
        self._spacing = 1 / messages_per_second if messages_per_second else 0.0
        for entry in self._entries.values():
            entry.sent = False

    def down(self) -> None:
        """Ends a connection."""
        self._up = False

    def take(self, now: float) -> JsonObject | None:
        """Returns the next frame to send now, and counts it as sent."""
        if not self._up or now < self._next_at:
            return None
        for entry in self._waiting():
            if entry.not_before <= now:
                entry.sent = True
                self._next_at = now + self._spacing
                return entry.frame
        return None

    def wake_at(self) -> float | None:
        """Returns the time of the next call of `take` or `expire`."""
        times = [entry.expires_at for entry in self._entries.values()]
        if self._up:
            times += [max(self._next_at, entry.not_before) for entry in self._waiting()]
        return min(times, default=None)

    def answer(self, frame: JsonObject, now: float) -> Settled | AfterError | None:
        """Takes an `ack`, or an `error` with an id. Returns None for a command that was answered before.

        After `TOKEN`, the command is sent again on the next connection.
        """
        entry = self._entries.get(frame["id"])
        if entry is None:
            return None
        if frame["type"] == "ack":
            del self._entries[entry.id]
            return Settled(entry.id, ack=frame)
        error = OrderbellError.of(frame)
        reaction = after_error(error.code, error.reason)
        entry.tries += 1
        if reaction is AfterError.FINAL or entry.tries >= MAX_TRIES:
            del self._entries[entry.id]
            return Settled(entry.id, error=error)
        if reaction is AfterError.LATER:
            entry.sent = False
            wait = error.retry_after_s
            entry.not_before = now + (full_jitter(entry.tries, self._random) if wait is None else wait)
        return reaction

    def expire(self, now: float) -> list[Settled]:
        """Drops commands that have waited too long."""
        over = [entry.id for entry in self._entries.values() if entry.expires_at <= now]
        for id in over:
            del self._entries[id]
        return [Settled(id, error=OrderbellError("expired", "no answer came in time")) for id in over]

    def close(self, error: OrderbellError) -> list[Settled]:
        """Drops all commands. Whether they took effect is unknown; sending the same id again shows it."""
        ended = [Settled(id, error=error) for id in self._entries]
        self._entries.clear()
        return ended

    def _waiting(self) -> list[_Entry]:
        """Returns the unsent first commands of their lanes."""
        busy: set[str] = set()
        waiting = []
        for entry in self._entries.values():
            if entry.lane not in busy and not entry.sent:
                waiting.append(entry)
            busy.add(entry.lane)
        return waiting
