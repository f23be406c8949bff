"""The events and documents that each screen has seen, compared with the log."""

import time
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orderbell import Room, merge_patch

JsonObject = dict[str, Any]
FINAL = frozenset({"served", "rejected", "cancelled"})


@dataclass
class Watch:
    """One room of one client, from its first snapshot to the end of the evening."""

    name: str
    room: Room
    seen: list[int] = field(default_factory=list)
    """The positions of the events, in the order in which the client applied them."""
    snapshots: int = 0
    delays_s: list[float] = field(default_factory=list)
    """The times from each commit to the arrival of its event, both by the clock of this machine."""

    async def follow(self) -> None:
        async for change in self.room.changes():
            if change.event is None:
                self.snapshots += 1
                self.seen.clear()
            else:
                self.seen.append(change.position or 0)
                self.delays_s.append(time.time() - datetime.fromisoformat(change.event["at"]).timestamp())


class Book:
    """The log of the restaurant, and the documents that it yields."""

    def __init__(self, events: list[JsonObject]) -> None:
        self.events = events
        self.orders: dict[str, JsonObject] = {}
        self.calls: JsonObject = {}
        for event in events:
            if event["kind"].startswith("call."):
                self.calls = merge_patch(self.calls, event["patch"])
            elif "order" in event:
                self.orders[event["order"]] = merge_patch(self.orders.get(event["order"], {}), event["patch"])

    @property
    def head(self) -> int:
        return int(self.events[-1]["position"]) if self.events else 0

    def events_of(self, room: Room) -> list[JsonObject]:
        """Returns the events that a room carries (docs/protocol.md, "Rooms")."""
        kind, _, name = room.name.partition(":")
        about = {"order": ("order", "item"), "kitchen": ("order", "item"), "floor": ("order", "item", "call", "display")}[kind]
        carried = [event for event in self.events if event["kind"].startswith(about)]
        return [event for event in carried if kind != "order" or event.get("order") == name]

    def is_behind(self, watch: Watch) -> bool:
        """Returns whether a room is not live, or lacks its last event about an order."""
        last = max((event["position"] for event in self.events_of(watch.room) if "order" in event), default=0)
        return not watch.room.live or (watch.room.cursor or 0) < last

    def faults_of(self, watch: Watch) -> list[str]:
        """Returns the differences between a screen and the log."""
        room = watch.room
        kind, _, name = room.name.partition(":")
        wanted = self.events_of(room)
        faults = [f"{watch.name}: {fault}" for fault in self._orders(kind, name, room.orders)]
        if kind == "floor" and room.calls != self.calls:
            faults.append(f"{watch.name}: calls {sorted(room.calls)} and not {sorted(self.calls)}")
        if watch.seen:
            since = [event["position"] for event in wanted if event["position"] >= watch.seen[0]]
            if watch.seen != since:
                faults.append(f"{watch.name}: {order_of(watch.seen, since)}")
        return faults

    def _orders(self, kind: str, name: str, shown: dict[str, Any]) -> list[str]:
        mine = {name: self.orders[name]} if kind == "order" else self.orders
        missing = [id for id, order in mine.items() if id not in shown and order["status"] not in FINAL]
        ghosts = [id for id in shown if id not in mine]
        apart = [id for id in shown if id in mine and shown[id] != mine[id]]
        said = {"missing": missing, "ghosts": ghosts, "apart": apart}
        return [f"orders {what}: {[self._number(id) for id in ids]}" for what, ids in said.items() if ids]

    def _number(self, id: str) -> Any:
        return self.orders.get(id, {}).get("number", id)

    def faults_of_answers(self, placed: dict[str, str]) -> list[str]:
        """Returns the acknowledged orders that the log lacks or has more than once. `placed` has their ids by command."""
        times: dict[str, int] = {}
        for event in self.events:
            if event["kind"] == "order.placed":
                times[event.get("command", "")] = times.get(event.get("command", ""), 0) + 1
        lost = [order for command, order in placed.items() if times.get(command, 0) != 1 or order not in self.orders]
        twice = [command for command, count in times.items() if count > 1]
        said = [f"acknowledged orders without their event: {lost}"] if lost else []
        return said + ([f"orders placed twice by one command: {twice}"] if twice else [])


def order_of(seen: list[int], wanted: list[int]) -> str:
    """Describes how a sequence of positions differs from the right one."""
    missing, more = sorted(set(wanted) - set(seen)), sorted(set(seen) - set(wanted))
    twice = sorted({position for position in seen if seen.count(position) > 1})
    return f"events missing {missing[:5]}, foreign {more[:5]}, twice {twice[:5]}, of {len(wanted)}"


def break_a_screen(room: Room) -> None:
    """The negative control: makes a room ignore the content of each fiftieth event."""
    receive, count = room._state.receive, 0

    def lossy(frame: JsonObject, epoch: str) -> Any:
        nonlocal count
        if frame["type"] == "event":
            count += 1
            if count % 50 == 0:
                frame = frame | {"event": frame["event"] | {"patch": {}}}
        return receive(frame, epoch)

    room._state.receive = lossy  # type: ignore[method-assign]
