"""The client against the real server: `ORDERBELL_TEST_SERVER` names the binary, which `cargo build` makes."""

import asyncio
import json
from typing import Any

import pytest

from orderbell import Orderbell, OrderbellError, Room, SessionTokens, new_id
from server import Server, running

KILLS = 2
ORDERS_BETWEEN_KILLS = 30


def staff(url: str) -> Orderbell:
    return Orderbell(url, SessionTokens({"restaurant": "demo", "username": "staff", "password": "staff-demo"}))


async def a_basket(bell: Orderbell) -> dict[str, Any]:
    menu = await bell.http.call("GET", "/api/v1/restaurants/demo/menu")
    dish = next(id for id, item in menu["items"].items() if "groups" not in item)
    return {"service": "takeaway", "items": [{"menu_item": dish, "quantity": 1}]}


async def place_and_accept(bell: Orderbell, basket: dict[str, Any], number: int) -> str:
    placed = await bell.place(basket | {"note": f"order {number}"})
    order: str = placed["document"]["id"]
    assert (await bell.command("accept", order=order, minutes=10))["document"]["status"] == "accepted"
    return order


async def record(room: Room, seen: list[str]) -> None:
    async for change in room.changes():
        if change.event is not None:
            seen.append(change.event["id"])
        else:
            assert not seen, "there is one snapshot at the beginning, and then there are only events"


async def logged(bell: Orderbell, room: Room, since: int, head: int) -> list[str]:
    """Returns the ids of a room's events up to the head, as the server has them."""
    log: list[str] = []
    while since < head:
        params = {"since": str(since), "epoch": room.epoch or ""}
        answer = await bell.call("GET", f"/api/v1/rooms/{room.name}/events", params=params)
        log += [frame["event"]["id"] for frame in answer["frames"] if frame["type"] == "event"]
        since = answer["position"]
    return log


async def kill_during_work(server: Server, bell: Orderbell, placed: set[str]) -> None:
    basket = await a_basket(bell)

    async def all_day() -> None:
        for number in range(ORDERS_BETWEEN_KILLS):
            placed.add(await place_and_accept(bell, basket, number))

    for _ in range(KILLS):
        at_work = asyncio.gather(all_day(), all_day())
        await asyncio.sleep(0.2)
        await server.kill()
        assert not at_work.done(), "killed while commands run"
        await server.start()
        await at_work


def test_killed_nodes_lose_no_event_and_no_command_takes_effect_twice() -> None:
    async def run() -> None:
        async with running() as server, staff(server.url) as bell, staff(server.url) as screen:
            welcome = await screen.connected()
            room = screen.room(f"floor:{welcome['restaurant']}")
            seen: list[str] = []
            recording = asyncio.create_task(record(room, seen))
            await room.went_live()
            began_at = room.cursor or 0
            placed: set[str] = set()
            await kill_during_work(server, bell, placed)

            orders = {order["id"]: order async for order in bell.orders("demo", status="all")}
            assert set(orders) == placed, "each order once"
            assert len(placed) == KILLS * 2 * ORDERS_BETWEEN_KILLS
            head = max(order["position"] for order in orders.values())
            await screen.until(lambda: (room.cursor or 0) >= head)
            assert room.orders == orders
            log = await logged(bell, room, began_at, head)
            await screen.until(lambda: len(seen) >= len(log) or recording.done())
            recording.cancel()
            assert seen == log, "each event arrives once, in the order of the log"

    asyncio.run(asyncio.wait_for(run(), 240))


def test_refusals_repeated_answers_and_forbidden_rooms() -> None:
    async def run() -> None:
        async with running() as server, staff(server.url) as bell:
            basket, id = await a_basket(bell), new_id()
            first, second = await bell.place(basket, id=id), await bell.place(basket, id=id)
            assert first["document"] == second["document"]
            with pytest.raises(OrderbellError) as refused:
                await bell.command("serve", order=first["document"]["id"])
            assert refused.value.code == "invalid_transition"
            with pytest.raises(OrderbellError, match="forbidden"):
                await bell.room("kitchen:nowhere").went_live()
            bell.leave("kitchen:nowhere")

            restaurant = (await bell.connected())["restaurant"]
            menu = await bell.room(f"menu:{restaurant}").went_live()
            assert menu.menu is not None
            dish = next(iter(menu.menu["items"]))
            changes = menu.changes()
            await bell.call("PUT", f"/api/v1/restaurants/demo/menu/items/{dish}/availability", {"available": False})
            assert (await anext(changes)).kind == "menu.availability"
            assert menu.menu["items"][dish]["available"] is False

            # A program that starts again continues from its saved state.
            floor = await bell.room(f"floor:{restaurant}").went_live()
            saved = json.loads(json.dumps(floor.saved()))
            await bell.command("accept", order=first["document"]["id"])
            async with staff(server.url) as later:
                again = later.room(floor.name, saved)
                changes = again.changes()
                assert (await anext(changes)).kind == "order.accepted"
                await again.went_live()
                assert again.orders == floor.orders

    asyncio.run(asyncio.wait_for(run(), 240))
