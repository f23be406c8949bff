"""A reader of changes that lags behind."""

import asyncio

import pytest

from orderbell import Change, FixedToken, Orderbell, OrderbellError
from orderbell.room import CHANGES_BOUND
from orderbell.room_state import RoomState
from orderbell.wire import JsonObject


def test_a_reader_that_lags_behind_gets_one_snapshot_and_the_later_changes() -> None:
    async def run() -> None:
        bell = Orderbell("http://unused", FixedToken("t"))
        room = bell.room("kitchen:r")
        changes = room.changes()
        for number in range(CHANGES_BOUND + 3):
            room._changed(Change(f"kind {number}"))
        got = [await anext(changes) for _ in range(3)]
        assert [change.overflowed for change in got] == [True, False, False]
        assert [change.kind for change in got] == ["snapshot", f"kind {CHANGES_BOUND + 1}", f"kind {CHANGES_BOUND + 2}"]

    asyncio.run(run())


@pytest.mark.parametrize("at", [0, 500, CHANGES_BOUND])
def test_a_reader_that_lags_behind_learns_that_the_history_was_rewritten(at: int) -> None:
    async def run() -> None:
        room = Orderbell("http://unused", FixedToken("t")).room("kitchen:r")
        changes, others = room.changes(), room.changes()
        for number in range(2 * CHANGES_BOUND + 2):
            room._changed(Change("snapshot", rewritten=number == at))
        first = await anext(changes)
        assert (first.overflowed, first.rewritten) == (True, True)
        room._changed(Change("order.placed"))
        assert not (await anext(changes)).rewritten, "once"
        assert (await anext(others)).rewritten

    asyncio.run(run())


def test_readers_and_commands_end_with_the_client_and_get_its_reason() -> None:
    async def run() -> None:
        bell = Orderbell("http://unused", FixedToken("t"))
        changes = bell.room("kitchen:r").changes()
        waits = [asyncio.ensure_future(anext(changes)), asyncio.ensure_future(bell.command("start", order="o"))]
        await asyncio.sleep(0)
        await bell.close()
        for wait in waits:
            with pytest.raises(OrderbellError, match="stopped"):
                await wait
        with pytest.raises(OrderbellError, match="stopped"):
            await bell.command("start", order="o")

    asyncio.run(run())


def test_leaving_a_room_ends_its_readers() -> None:
    async def run() -> None:
        bell = Orderbell("http://unused", FixedToken("t"))
        changes = bell.room("kitchen:r").changes()
        bell.leave("kitchen:r")
        assert [change async for change in changes] == []

    asyncio.run(run())


def test_a_cursor_names_its_event_and_a_server_that_lost_it_says_so() -> None:
    state = RoomState("kitchen:r")
    event = {"id": "0193a5f0-7c1e-7000-8000-00000000000b", "kind": "order.placed", "order": "o1", "patch": {"id": "o1"}}
    frames: list[tuple[JsonObject, str | None]] = [
        ({"type": "snapshot", "position": 3, "tag": "00000000000a", "documents": []}, "00000000000a"),
        ({"type": "event", "prev": 3, "position": 4, "event": event}, "00000000000b"),
        ({"type": "sync", "prev": 4, "position": 9, "tag": "00000000000c"}, "00000000000c"),
        ({"type": "live", "position": 8, "tag": "00000000000d"}, "00000000000c"),
        ({"type": "live", "position": 10}, None),
    ]
    for frame, tag in frames:
        assert not (state.receive(frame, "e1").change or Change("none")).rewritten
        assert state.tag == tag
    step = state.receive({"type": "live", "position": 11, "rewritten": True}, "e1")
    assert step.change == Change("snapshot", 11, rewritten=True)
