"""Guests, waiters and cooks. Each acts on what their own screen shows."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from cables import Cable
from orderbell import Orderbell, OrderbellError, SessionTokens, new_id
from watch import Watch

RESTAURANT = "demo"
FINAL = ("served", "rejected", "cancelled")
STOVE = 12
"""The most dishes that one cook has on the stove."""
JsonObject = dict[str, Any]


@dataclass
class Evening:
    """The shared state of an evening: the clock, the screens, and the counts."""

    minute_s: float
    """The real seconds of a minute of the evening."""
    lay: Callable[[], Awaitable[Cable]]
    over: asyncio.Event = field(default_factory=asyncio.Event)
    cables: list[Cable] = field(default_factory=list)
    bells: list[Orderbell] = field(default_factory=list)
    watches: list[Watch] = field(default_factory=list)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    placed: dict[str, str] = field(default_factory=dict)
    """The ids of acknowledged orders by the ids of their commands."""
    done: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    async def minutes(self, least: float, most: float) -> None:
        await asyncio.sleep(random.uniform(least, most) * self.minute_s)

    def begin(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def join(self, tokens: SessionTokens) -> Orderbell:
        """Creates a client with its own cable. `start` connects it."""
        cable = await self.lay()
        self.cables.append(cable)
        bell = Orderbell(cable.url, tokens)
        self.bells.append(bell)
        return bell

    def watch(self, name: str, bell: Orderbell, room: str) -> Watch:
        watch = Watch(name, bell.room(room))
        self.watches.append(watch)
        self.begin(watch.follow())
        return watch

    async def command(self, bell: Orderbell, action: str, **fields: Any) -> JsonObject | None:
        """Sends a command. Returns None if it was refused, as happens when two people do the same thing."""
        try:
            ack = await bell.command(action, **fields)
        except OrderbellError as error:
            self.refused[f"{action}: {error.code}"] += 1
            return None
        self.done[action] += 1
        return dict(ack)

    async def place(self, bell: Orderbell, order: JsonObject) -> str | None:
        id = new_id()
        try:
            ack = await bell.place(order, id=id)
        except OrderbellError as error:
            self.refused[f"place: {error.code}"] += 1
            return None
        self.done["place"] += 1
        order_id = str(ack["document"]["id"])
        self.placed[id] = order_id
        return order_id


class Menu:
    """The dishes by course, from which guests choose."""

    def __init__(self, document: JsonObject) -> None:
        courses = {id: category.get("course", {}).get("number", 0) for id, category in document["categories"].items()}
        self.dishes = [(courses[dish["category"]], dish) for dish in document["items"].values()]

    def line(self) -> JsonObject:
        _, dish = random.choice(self.dishes)
        options = [option for option in dish.get("options", {}) if random.random() < 0.3]
        line: JsonObject = {"menu_item": dish["id"], "quantity": random.choice((1, 1, 1, 2, 2, 3))}
        if options:
            line["options"] = options
        if random.random() < 0.1:
            line |= {"note": "no nuts", "allergy": True}
        return line

    def lines(self, least: int, most: int) -> list[JsonObject]:
        return [self.line() for _ in range(random.randint(least, most))]


class Party:
    """Guests at one table, with their phones, from the first scan to the bill."""

    def __init__(self, evening: Evening, menu: Menu, table: JsonObject, phones: int, waiters: "list[Waiter]") -> None:
        self.evening, self.menu, self.table, self.phones, self.waiters = evening, menu, table, phones, waiters

    async def stay(self) -> None:
        evening = self.evening
        bells = [await self._sit_down() for _ in range(self.phones)]
        orders = [await self._order(bell) for bell in bells[: 1 + (random.random() < 0.4)]]
        if random.random() < 0.25:
            await evening.minutes(2, 15)
            await evening.command(bells[-1], "call_waiter", reason=random.choice(("help", "water")))
        mine = [(bell, order) for bell, order in zip(bells, orders, strict=False) if order]
        for bell, order in mine:
            await self._change_of_mind(bell, order)
        await evening.minutes(15, 25)
        for bell, order in mine:
            if random.random() < 0.5:
                await evening.command(bell, "add_items", order=order, items=self.menu.lines(1, 3))
        await self._until_served(mine)
        await evening.minutes(3, 10)
        await evening.command(bells[0], "call_waiter", reason="bill")
        await evening.minutes(3, 8)
        await random.choice(self.waiters).clear(self.table["label"], [order for _, order in mine])

    async def _sit_down(self) -> Orderbell:
        tokens = SessionTokens()
        bell = await self.evening.join(tokens)
        while True:
            try:
                tokens.keep(await bell.http.call("POST", "/api/v1/diner-sessions", {"table_key": self.table["key"]}))
                bell.start()
                return bell
            except OrderbellError as error:
                self.evening.refused[f"scan: {error.code}"] += 1
                await asyncio.sleep(random.uniform(0.2, 1.5))

    async def _order(self, bell: Orderbell) -> str | None:
        await self.evening.minutes(2, 10)
        order = await self.evening.place(bell, {"service": "dine_in", "items": self.menu.lines(2, 6)})
        if order:
            self.evening.watch(f"the phone at {self.table['label']}", bell, f"order:{order}")
        return order

    async def _change_of_mind(self, bell: Orderbell, order: str) -> None:
        """A few guests correct or cancel what they ordered, while a waiter may accept it."""
        if random.random() < 0.05:
            await self.evening.command(bell, "cancel", order=order, reason="customer_request")
        elif random.random() < 0.1:
            document = bell.room(f"order:{order}").orders.get(order, {})
            for id, item in list(document.get("items", {}).items())[:1]:
                line = {"menu_item": item["menu_item"], "quantity": item["quantity"] + 1}
                await self.evening.command(bell, "change_item", order=order, item=id, line=line)

    async def _until_served(self, mine: list[tuple[Orderbell, str]]) -> None:
        """Waits until the phones show the orders as served, with a deadline: the waiter then clears the rest."""
        for bell, order in mine:
            with suppress(TimeoutError, OrderbellError):
                async with asyncio.timeout(90 * self.evening.minute_s):
                    await bell.until(lambda b=bell, o=order: status(b, o) in FINAL)


def status(bell: Orderbell, order: str) -> str:
    return str(bell.room(f"order:{order}").orders.get(order, {}).get("status", ""))


class Waiter:
    """A waiter with the floor on a phone."""

    def __init__(self, evening: Evening, name: str, bell: Orderbell, restaurant: str) -> None:
        self.evening, self.name, self.bell = evening, name, bell
        self.floor = evening.watch(name, bell, f"floor:{restaurant}").room
        self.tables: set[str] = set()

    async def work(self) -> None:
        """Works on the floor: answers calls, accepts, fires and serves, one action after another."""
        while not self.evening.over.is_set():
            await self.evening.minutes(0.2, 0.8)
            for call in random.sample(list(self.floor.calls), min(1, len(self.floor.calls))):
                await self.evening.command(self.bell, "answer_call", call=call)
            orders = [order for order in self.floor.orders.values() if order["status"] not in FINAL]
            if not orders:
                continue
            if placed := [order for order in orders if order["status"] == "placed"]:
                await self._decide(random.choice(placed))
            if ready := [order for order in orders if order["status"] == "ready"]:
                await self.evening.command(self.bell, "serve", order=random.choice(ready)["id"])
            await self._serve_a_course(random.choice(orders))
            await self._now_and_then(random.choice(orders))

    async def _decide(self, order: JsonObject) -> None:
        if random.random() < 0.03:
            await self.evening.command(self.bell, "reject", order=order["id"], reason="too_busy", detail="The grill is full")
        else:
            await self.evening.command(self.bell, "accept", order=order["id"], minutes=random.choice((15, 20, 30)))

    async def _serve_a_course(self, order: JsonObject) -> None:
        """Serves a finished course. The restaurant's rule then fires the next one."""
        courses: dict[int, list[JsonObject]] = {}
        for item in order["items"].values():
            if "course" in item and item["status"] != "voided":
                courses.setdefault(item["course"]["number"], []).append(item)
        for number, items in courses.items():
            if all(item["status"] == "done" for item in items) and not all("served_at" in item for item in items):
                await self.evening.command(self.bell, "serve", order=order["id"], course=number)
                return
            if any(item.get("held") for item in items) and random.random() < 0.02:
                await self.evening.command(self.bell, "fire", order=order["id"], course=number)
                return

    async def _now_and_then(self, order: JsonObject) -> None:
        chance = random.random()
        if chance < 0.01:
            await self.evening.command(self.bell, "rush", order=order["id"], rush=not order["rush"])
        elif chance < 0.02:
            await self.evening.command(self.bell, "promise", order=order["id"], minutes=random.randint(10, 40))
        elif chance < 0.025:
            item = random.choice(list(order["items"]))
            await self.evening.command(self.bell, "void_item", order=order["id"], item=item, reason="out_of_stock")
        elif chance < 0.04 and "table" in order:
            await self._move(order["table"])

    async def _move(self, table: str) -> None:
        """Moves a party to a free table, or merges it with another one. One time in three, undoes that as a mistake."""
        visits = await self._visits()
        visit = next((visit for visit in visits if visit["table"] == table), None)
        if visit is None:
            return
        taken = {other["table"] for other in visits}
        if random.random() < 0.3 and len(visits) > 1:
            into = random.choice([other["id"] for other in visits if other is not visit])
            ack = await self.evening.command(self.bell, "merge", visit=visit["id"], into=into)
        else:
            free = random.choice(sorted(self.tables - taken) or [table])
            ack = await self.evening.command(self.bell, "move", visit=visit["id"], table=free)
        if ack and random.random() < 0.33 and (change := ack["document"].get("last_change")):
            await self.evening.minutes(0.5, 2)
            await self.evening.command(self.bell, "undo", change=change["id"])

    async def _visits(self) -> list[JsonObject]:
        with suppress(OrderbellError):
            answer = await self.bell.call("GET", f"/api/v1/restaurants/{RESTAURANT}/visits")
            return list(answer["visits"])
        return []

    async def enter(self, menu: Menu, order: JsonObject) -> None:
        """Enters an order for a guest: at a table without a phone, or to take away."""
        await self.evening.place(self.bell, order | {"items": menu.lines(2, 6)})

    async def clear(self, table: str, orders: list[str]) -> None:
        """Ends a visit: serves its open orders if possible, and cancels the others."""
        for order in orders:
            if status_of(self.floor.orders, order) == "ready":
                await self.evening.command(self.bell, "serve", order=order)
        for visit in await self._visits():
            if visit["table"] == table:
                with suppress(OrderbellError):
                    path = f"/api/v1/restaurants/{RESTAURANT}/visits/{visit['id']}/end"
                    await self.bell.call("POST", path, {"end_sessions": False})
                    self.evening.done["end of a visit"] += 1


def status_of(orders: dict[str, Any], order: str) -> str:
    return str(orders.get(order, {}).get("status", ""))


class Cook:
    """A cook with a paired screen, of one station or of all."""

    def __init__(self, evening: Evening, name: str, bell: Orderbell, restaurant: str, station: str | None) -> None:
        self.evening, self.bell, self.station = evening, bell, station
        self.room = f"kitchen:{restaurant}"
        self.kitchen = evening.watch(name, bell, self.room).room
        self.done_at: dict[str, float] = {}
        """The times at which the dishes on the stove are done, by the loop's clock."""

    async def work(self) -> None:
        while not self.evening.over.is_set():
            await self.evening.minutes(0.1, 0.3)
            if self.kitchen.cursor is not None:
                self.bell.seen(self.room, self.kitchen.cursor)
            if self.station is None:
                continue
            lines = list(self._lines())
            queued = [line for line in lines if line[2]["status"] == "queued" and not line[2].get("held")]
            cooking = [line for line in lines if line[2]["status"] == "cooking"]
            if queued and len(cooking) < STOVE:
                order, item, _ = random.choice(queued)
                await self.evening.command(self.bell, "start_item", order=order, item=item)
            now = asyncio.get_running_loop().time()
            for order, item, _ in cooking:
                if now >= self.done_at.setdefault(item, now + random.uniform(2, 10) * self.evening.minute_s):
                    await self.evening.command(self.bell, "finish_item", order=order, item=item)
            if cooking and random.random() < 0.005:
                await self.evening.command(self.bell, "ready", order=random.choice(cooking)[0])
            if random.random() < 0.01:
                await self._recall()

    def _lines(self) -> Any:
        for id, order in self.kitchen.orders.items():
            if order["status"] in ("accepted", "preparing"):
                for item, line in order["items"].items():
                    if line["station"] == self.station:
                        yield id, item, line

    async def _recall(self) -> None:
        ready = [order for order in self.kitchen.orders.values() if order["status"] == "ready"]
        if ready:
            await self.evening.command(self.bell, "recall", order=random.choice(ready)["id"])
