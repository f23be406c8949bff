"""A restaurant as a model: its feed, and the frames that an honest server would send. Independent of every client."""

import copy
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

RESTAURANT = "0193aaaa-0000-7000-8000-000000000001"
FINAL = ("served", "rejected", "cancelled")
TIME = "2026-11-24T10:00:00.000Z"
MONEY = {"amount": 900, "currency": "BDT"}


def room_of(kind: str) -> str:
    """Returns the name of the restaurant's room."""
    return f"{kind}:{RESTAURANT}"


KITCHEN, FLOOR, MENU = room_of("kitchen"), room_of("floor"), room_of("menu")


def merged(target: Any, patch: Any) -> Any:
    """Applies a merge patch (RFC 7396, section 2)."""
    if not isinstance(patch, dict):
        return copy.deepcopy(patch)
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def order(id: str, number: int, status: str = "placed") -> Json:
    """Returns an order's document."""
    line = {"menu_item": "m1", "name": "Firni", "quantity": 1, "station": "cold", "status": "queued", "price": MONEY}
    fixed = {"id": id, "restaurant": RESTAURANT, "number": number, "service": "takeaway", "rush": False}
    return fixed | {"status": status, "placed_at": TIME, "total": MONEY, "items": {"i1": line}}


@dataclass
class House:
    """The feed of a restaurant, and the state and frames that follow from it."""

    epoch: str = field(default_factory=lambda: f"{uuid.uuid4()}-{uuid.uuid4()}")
    head: int = 0
    log: list[Json] = field(default_factory=list)
    """Events, each with its `position`."""
    oldest: int = 0
    """Earlier cursors than this one cannot be resumed, and get a snapshot."""
    part_size: int = 2
    """The number of documents in a part of a snapshot."""

    # Writing

    def commit(self, kind: str, patch: Json, order: str | None = None, command: str | None = None) -> Json:
        """Appends an event and returns it."""
        self.head += 1
        if order is not None:
            patch = patch | {"position": self.head}
        event: Json = {"id": str(uuid.uuid4()), "kind": kind, "at": TIME, "by": {"role": "staff"}, "patch": patch}
        event |= {} if order is None else {"order": order}
        event |= {} if command is None else {"command": command}
        self.log.append({"position": self.head, "event": event})
        return self.log[-1]

    def place(self, id: str, command: str | None = None, **fields: Any) -> Json:
        """Appends a new order."""
        number = 1 + sum(entry["event"]["kind"] == "order.placed" for entry in self.log)
        return self.commit("order.placed", order(id, number) | fields, id, command)

    def status(self, id: str, status: str, **fields: Any) -> Json:
        """Appends a change of an order's status."""
        kind = {"preparing": "order.started"}.get(status, f"order.{status}")
        return self.commit(kind, {"status": status, **fields}, id)

    def rewrite(self, kept: int) -> None:
        """Restores the database with only its first events, in another epoch."""
        self.epoch = f"{uuid.uuid4()}-{uuid.uuid4()}"
        self.lose(kept)

    def lose(self, kept: int) -> None:
        """Loses all but the first events unnoticed, so the epoch remains."""
        self.log = self.log[:kept]
        self.head = self.log[-1]["position"] if self.log else 0

    # Reading

    def of_room(self, room: str) -> list[Json]:
        """Returns the entries of the log that a room carries."""
        return [entry for entry in self.log if carries(room, entry["event"])]

    def ids(self, room: str) -> list[str]:
        """Returns the ids of a room's events."""
        return [entry["event"]["id"] for entry in self.of_room(room)]

    def tag(self, position: int) -> str | None:
        """Returns the end of the id of the event at a position."""
        return next((entry["event"]["id"][-12:] for entry in self.log if entry["position"] == position), None)

    def named(self, position: int) -> Json:
        """Returns the fields of a frame that moves a cursor to a position."""
        tag = self.tag(position)
        return {"position": position} | ({} if tag is None else {"tag": tag})

    def last(self, room: str, before: int | None = None) -> int:
        """Returns the position of a room's last event, or of the last one before a position."""
        positions = [entry["position"] for entry in self.of_room(room)]
        return max((at for at in positions if before is None or at < before), default=0)

    def state(self, room: str) -> Json:
        """Returns the state of a room after all events."""
        state: Json = {"documents": {}, "calls": {}, "displays": {}, "menu": None}
        for entry in self.of_room(room):
            event = entry["event"]
            family = event["kind"].partition(".")[0]
            topic = {"call": "calls", "display": "displays", "menu": "menu"}.get(family)
            if topic is not None:
                state[topic] = merged(state[topic], event["patch"])
            elif "order" in event:
                documents = state["documents"]
                documents[event["order"]] = merged(documents.get(event["order"]), event["patch"])
        return state

    # Frames

    def event(self, room: str, entry: Json) -> Json:
        """Returns the frame of an event in a room."""
        at = entry["position"]
        return {"type": "event", "room": room, "position": at, "prev": self.last(room, at), "event": entry["event"]}

    def sync(self, room: str) -> Json:
        """Returns the `sync` frame, which says that the room has no further event."""
        return {
            "type": "sync",
            "room": room,
            **self.named(self.head),
            "prev": self.last(room),
            "server_time": TIME,
        }

    def live(self, room: str) -> Json:
        """Returns the `live` frame, which says that all missed events were sent."""
        return {"type": "live", "room": room, **self.named(self.head)}

    def can_resume(self, subscribe: Json) -> bool:
        """Returns whether the cursor of a subscription is usable."""
        since: int | None = subscribe.get("since")
        known = str(subscribe.get("epoch", self.epoch)).partition("~")[0] == self.epoch
        usable = since is not None and self.oldest <= since <= self.head
        return known and usable and not self.has_lost(subscribe)

    def has_lost(self, subscribe: Json) -> bool:
        """Returns whether the cursor of a subscription names an event that the log does not have."""
        tag = str(subscribe.get("epoch", "")).partition("~")[2]
        return tag != "" and tag != self.tag(subscribe.get("since", 0))

    def answer(self, subscribe: Json) -> Iterator[Json]:
        """Yields the answer to a subscription, from its cursor if that is usable."""
        room = subscribe["room"]
        if self.can_resume(subscribe):
            yield from self.missed(room, subscribe["since"])
        else:
            yield from self.snapshot(room, subscribe.get("paged") is True)
        yield self.live(room) | ({"rewritten": True} if self.has_lost(subscribe) else {})

    def missed(self, room: str, since: int) -> list[Json]:
        """Returns the event frames of a room after a position."""
        return [self.event(room, entry) for entry in self.of_room(room) if entry["position"] > since]

    def snapshot(self, room: str, paged: bool) -> list[Json]:
        """Returns the snapshot of a room, in parts or in one."""
        state = self.state(room)
        documents = [state["menu"]] if room.startswith("menu:") else list(open_orders(state["documents"]).values())
        frame: Json = {"type": "snapshot", "room": room, **self.named(self.head)}
        on_the_floor = {name: state[name] for name in ("calls", "displays")} if room.startswith("floor:") else {}
        if not paged:
            return [frame | {"documents": documents} | on_the_floor]
        starts = range(0, max(len(documents), 1), self.part_size)
        parts = []
        for part, start in enumerate(starts):
            more = part + 1 < len(starts)
            # The calls and screens are in the last part.
            floor: Json = {name: {} for name in on_the_floor} if more else on_the_floor
            some = documents[start : start + self.part_size]
            parts.append(frame | {"part": part, "more": more, "documents": some} | floor)
        return parts


def carries(room: str, event: Json) -> bool:
    """Returns whether a room carries an event."""
    family = str(event["kind"]).partition(".")[0]
    kind = room.partition(":")[0]
    if kind == "menu":
        return family == "menu"
    return family != "menu" and (kind == "floor" or family not in ("call", "display"))


def open_orders(documents: dict[str, Json]) -> dict[str, Json]:
    """Returns the orders without a final status, which a snapshot contains."""
    return {id: document for id, document in documents.items() if document["status"] not in FINAL}
