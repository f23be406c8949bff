"""The cursor rule over a network that drops, repeats and reorders frames: the client ends with the server's state."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from model import FINAL, ROOM, Feed, Json
from orderbell.room_state import KEPT_FINAL_ORDERS, Change, Need, RoomState, Verdict, judge
from orderbell.subscriptions import Subscriptions

ORDERS = [f"o{number}" for number in range(5)]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(1, 50))
def test_a_frame_is_applied_if_and_only_if_no_event_is_missing_before_it(cursor: int, prev: int, length: int) -> None:
    position = prev + length
    verdict = judge(cursor, prev, position)
    assert (verdict is Verdict.DROP) == (position <= cursor)
    assert (verdict is Verdict.GAP) == (prev > cursor)


class World:
    """A server, a client, and the frames between them."""

    def __init__(self, paged: bool, part_size: int) -> None:
        self.feed = Feed()
        self.paged, self.part_size = paged, part_size
        self.subscriptions = Subscriptions(lambda: 0.5)
        self.room = RoomState(ROOM)
        self.on_the_way: list[tuple[Json, bool]] = []
        """Frames, each with whether the network may lose it. It must not lose a part of an answer to a subscription."""
        self.applied: list[str] = []
        self.subscriptions.join(ROOM)
        self.room = self.subscriptions.rooms[ROOM]
        self.connect()

    def connect(self) -> None:
        self.on_the_way.clear()
        self.subscriptions.down()
        self.ask(self.subscriptions.up({"epoch": self.feed.epoch, "paged": self.paged}))

    def ask(self, frames: list[Json]) -> None:
        for frame in frames:
            assert frame.get("paged", False) == self.paged, "parts are requested only if the server sends them"
            if "since" in frame:
                assert frame["epoch"] == self.feed.epoch, "a cursor is used only in its epoch"
            self.on_the_way += [(answer, False) for answer in self.feed.answer(frame, self.part_size)]

    def commit(self, order: str, kind: str) -> None:
        known = self.feed.documents().get(order)
        if known is None:
            frame = self.feed.commit(order, "order.placed", {"status": "placed", "items": {"i": {"status": "queued"}}})
        elif kind == "order.recalled":
            # A recall of a served order carries the whole document.
            frame = self.feed.commit(order, kind, known | {"status": "preparing", "served_at": None})
        elif known["status"] in FINAL:
            return
        else:
            frame = self.feed.commit(order, kind, PATCHES[kind])
        self.on_the_way.append((frame, True))

    def deliver(self) -> None:
        frame, _ = self.on_the_way.pop(0)
        outcome = self.subscriptions.receive(frame, 0.0)
        self.note(outcome.change)
        self.ask(outcome.send)

    def note(self, change: Change | None) -> None:
        if change is None:
            return
        if change.kind == "snapshot":
            self.applied.clear()
        elif change.event is not None:
            self.applied.append(change.event["id"])

    def check(self) -> None:
        """Checks the invariant: the client has the server's state as of the cursor."""
        if self.room.cursor is None or self.room.epoch != self.feed.epoch:
            return
        positions = [int(event.split("/")[1]) for event in self.applied if event.startswith(f"{self.feed.epoch}/")]
        assert positions == sorted(set(positions)), "each event is applied once, in order"
        past = Feed(log=[frame for frame in self.feed.log if frame["position"] <= self.room.cursor])
        for order, document in past.documents().items():
            shown = self.room.documents.get(order)
            assert shown == document or (shown is None and document["status"] in FINAL)
        assert set(self.room.documents) <= set(past.documents())

    def settle(self) -> None:
        """Delivers all frames, and sends a `sync`, as a server does every 30 seconds."""
        for _ in range(4):
            self.on_the_way.append((self.feed.sync(), False))
            rounds = 0
            while self.on_the_way:
                self.deliver()
                rounds += 1
                assert rounds < 10_000, "the client keeps sending requests"
        assert self.room.live
        assert self.room.cursor == self.feed.head
        self.check()


PATCHES: dict[str, Json] = {
    "order.accepted": {"status": "accepted", "promised_at": "t"},
    "order.promised": {"promised_at": None},
    "item.started": {"items": {"i": {"status": "cooking"}}},
    "order.served": {"status": "served", "served_at": "t"},
    "order.of_a_kind_to_come": {"novel": {"deep": [1, None]}},
}
STEPS = st.one_of(
    st.tuples(st.just("commit"), st.sampled_from(ORDERS), st.sampled_from([*PATCHES, "order.recalled"])),
    st.sampled_from(["deliver", "deliver", "deliver", "cut", "sync", "elsewhere", "rewrite", "purge"]),
    st.tuples(st.sampled_from(["lose", "repeat", "swap"]), st.integers(0, 20)),
)


def play(world: World, step: Any) -> None:
    match step:
        case ("commit", order, kind):
            world.commit(order, kind)
        case ("lose", at) if at < len(world.on_the_way) and world.on_the_way[at][1]:
            del world.on_the_way[at]
        case ("repeat", at) if at < len(world.on_the_way) and world.on_the_way[at][1]:
            world.on_the_way.append(world.on_the_way[at])
        case ("swap", at) if at + 1 < len(world.on_the_way):
            first, second = world.on_the_way[at : at + 2]
            if first[1] and second[1]:
                world.on_the_way[at : at + 2] = [second, first]
        case "deliver" if world.on_the_way:
            world.deliver()
        case "cut":
            world.connect()
        case "sync":
            world.on_the_way.append((world.feed.sync(), True))
        case "elsewhere":
            world.feed.head += 1
        case "purge":
            world.feed.oldest = world.feed.head
        case "rewrite":
            # The database is restored with half of its events.
            kept = world.feed.log[: len(world.feed.log) // 2]
            head = kept[-1]["position"] if kept else 0
            world.feed = Feed(epoch=world.feed.epoch + "+", head=head, log=kept)
            world.connect()
    world.check()


@settings(max_examples=300, deadline=None)
@given(st.lists(STEPS, max_size=60), st.booleans(), st.integers(1, 3))
def test_the_client_gets_the_servers_state_over_any_network(steps: list[Any], paged: bool, part_size: int) -> None:
    world = World(paged, part_size)
    for step in steps:
        play(world, step)
    world.settle()


def snapshot(position: int, *orders: Json, **fields: Any) -> Json:
    return {"type": "snapshot", "room": ROOM, "position": position, "documents": list(orders), **fields}


def test_a_snapshot_in_parts_shows_nothing_before_its_last_part() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(4, {"id": "old", "status": "placed"}), "e")
    assert room.receive(snapshot(9, {"id": "a"}, part=0, more=True), "e").change is None
    assert (list(room.documents), room.cursor) == (["old"], 4)
    room.receive(snapshot(9, {"id": "b"}, part=1, more=False), "e")
    assert (list(room.documents), room.cursor) == (["a", "b"], 9)


def test_parts_of_two_snapshots_are_never_joined() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(9, {"id": "a"}, part=0, more=True), "e")
    room.lost()
    assert room.receive(snapshot(9, {"id": "b"}, part=1, more=False), "e").change is None
    room.receive(snapshot(9, {"id": "a"}, part=0, more=True), "e")
    assert room.receive(snapshot(10, {"id": "b"}, part=1, more=False), "e").need is Need.SNAPSHOT
    assert (room.documents, room.cursor) == ({}, None)


def test_a_patch_of_an_order_that_the_snapshot_lacked_is_not_applied_and_makes_the_client_request_a_snapshot() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(4), "e")
    event = {"id": "x", "kind": "order.rushed", "order": "a", "patch": {"rush": True}}
    step = room.receive({"type": "event", "room": ROOM, "position": 5, "prev": 4, "event": event}, "e")
    assert (step.need, step.change, room.cursor) == (Need.SNAPSHOT, None, 4)


def event(position: int, prev: int, kind: str = "order.placed") -> Json:
    what = {"id": str(position), "kind": kind, "order": str(position), "patch": {"id": str(position)}}
    return {"type": "event", "room": ROOM, "position": position, "prev": prev, "event": what}


def test_a_gap_is_requested_once_and_a_snapshot_if_the_replay_does_not_close_it() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(4), "e")
    assert room.receive(event(6, 5), "e").need is Need.RESUME
    assert room.receive(event(7, 6), "e").need is Need.NOTHING
    assert room.cursor == 4
    assert room.receive({"type": "live", "room": ROOM, "position": 7}, "e").need is Need.SNAPSHOT


def test_after_a_lost_connection_a_room_is_not_live_and_subscribes_again() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(4), "e")
    room.receive({"type": "live", "room": ROOM, "position": 4}, "e")
    room.receive(event(6, 5), "e")
    assert room.live
    room.lost()
    assert not room.live
    assert room.receive(event(6, 5), "e").need is Need.RESUME


def test_orders_with_a_final_status_are_bounded_and_the_oldest_are_dropped() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(0), "e")
    for number in range(1, KEPT_FINAL_ORDERS + 11):
        patch = {"id": str(number), "status": "served", "position": number}
        event = {"id": str(number), "kind": "order.placed", "order": str(number), "patch": patch}
        room.receive({"type": "event", "room": ROOM, "position": number, "prev": number - 1, "event": event}, "e")
    assert len(room.documents) == KEPT_FINAL_ORDERS
    assert "10" not in room.documents
    assert "11" in room.documents


def test_a_saved_room_continues_from_its_cursor_only_in_the_same_epoch() -> None:
    room = RoomState(ROOM)
    room.receive(snapshot(4, {"id": "a", "status": "placed"}), "e")
    saved = room.saved()
    assert saved is not None
    for epoch, since in (("e", 4), ("f", None)):
        later = Subscriptions(lambda: 0.0)
        later.join(ROOM, saved)
        (frame,) = later.up({"epoch": epoch})
        assert (frame.get("since"), list(later.rooms[ROOM].documents)) == (since, ["a"])
