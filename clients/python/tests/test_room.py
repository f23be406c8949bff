"""A reader of changes that lags behind."""

import asyncio

import pytest

from orderbell import Change, FixedToken, Orderbell, OrderbellError
from orderbell.room import CHANGES_BOUND


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
