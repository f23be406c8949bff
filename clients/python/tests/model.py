"""A model of a restaurant's feed: the server's state, and the frames that it would send."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from orderbell.merge_patch import merge_patch

Json = dict[str, Any]
ROOM = "kitchen:r"
FINAL = ("served", "rejected", "cancelled")


@dataclass
class Feed:
    """The log of one room. It has gaps at the positions of events in other rooms."""

    epoch: str = "e1"
    head: int = 0
    log: list[Json] = field(default_factory=list)
    """Event frames."""
    oldest: int = 0
    """Earlier cursors than this one get a snapshot."""

    @property
    def last(self) -> int:
        """The position of the last event."""
        return self.log[-1]["position"] if self.log else 0

    def documents(self) -> dict[str, Json]:
        """The orders by id, made by replaying the log."""
        orders: dict[str, Json] = {}
        for frame in self.log:
            event = frame["event"]
            orders[event["order"]] = merge_patch(orders.get(event["order"], {}), event["patch"])
        return orders

    def commit(self, order: str, kind: str, patch: Json) -> Json:
        """Appends an event, and returns its frame."""
        prev, self.head = self.last, self.head + 1
        patch = patch | {"position": self.head}
        if kind == "order.placed":
            patch = {"id": order} | patch
        event = {"id": f"{self.epoch}/{self.head}", "kind": kind, "order": order, "patch": patch}
        frame = {"type": "event", "room": ROOM, "position": self.head, "prev": prev, "event": event}
        self.log.append(frame)
        return frame

    def sync(self) -> Json:
        """Returns a `sync` frame: the room has no other event up to the head."""
        return {"type": "sync", "room": ROOM, "position": self.head, "prev": self.last}

    def answer(self, subscribe: Json, part_size: int) -> Iterator[Json]:
        """Yields the answer to a subscription."""
        since = subscribe.get("since")
        if since is not None and subscribe["epoch"] == self.epoch and self.oldest <= since <= self.head:
            yield from (frame for frame in self.log if frame["position"] > since)
        else:
            open_orders = [order for order in self.documents().values() if order["status"] not in FINAL]
            yield from self._snapshot(open_orders, part_size if subscribe.get("paged") else 0)
        yield {"type": "live", "room": ROOM, "position": self.head}

    def _snapshot(self, orders: list[Json], part_size: int) -> Iterator[Json]:
        base = {"type": "snapshot", "room": ROOM, "position": self.head}
        if not part_size:
            yield base | {"documents": orders}
            return
        starts = range(0, max(len(orders), 1), part_size)
        for part, start in enumerate(starts):
            more = part + 1 < len(starts)
            yield base | {"part": part, "more": more, "documents": orders[start : start + part_size]}
