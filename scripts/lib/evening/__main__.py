"""Replays an evening of four hours in ten minutes, with cut connections and restarted nodes, and compares every screen with the
log at the end. Exits with 1 if one differs.

python scripts/lib/evening --server target/debug/orderbell --database-url sqlite://evening.db
"""

import argparse
import asyncio
import json
import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[3] / "clients" / "python" / "src"))

from cables import Cable, wear
from nodes import Node, environment
from orderbell import Orderbell, OrderbellError, SessionTokens
from people import RESTAURANT, Cook, Evening, Menu, Party, Waiter
from watch import Book, Watch, break_a_screen

TABLES, WAITERS, PHONES, HOURS = 60, 8, 150, 4
STATIONS = ("hot", "hot", "cold", "bar", None)  # of the five kitchen screens; the last one shows all
# The number of parties, of a hundred, that arrive in each half hour: the first rush is at seven, the second at nine.
ARRIVALS = (6, 14, 22, 16, 10, 18, 11, 3)
COURSES = {"Starters": 1, "Mains": 2, "Sweets": 3}
PASSWORD = "one evening in the dining room"
PATIENCE_S = 60.0
JsonObject = dict[str, Any]


class House:
    """The restaurant: its nodes, and the people and screens that its manager set up."""

    def __init__(self, nodes: list[Node]) -> None:
        self.nodes = nodes
        self.restaurant = ""
        self.menu: Menu
        self.tables: list[JsonObject] = []
        self.manager: Orderbell

    def port(self) -> int | None:
        """Returns the port of a node that accepts connections, as a load balancer would choose it."""
        return random.choice([node.port for node in self.nodes if node.up] or [None])

    async def furnish(self, evening: Evening) -> None:
        manager = {"restaurant": RESTAURANT, "username": "manager", "password": "manager-demo"}
        self.manager = await evening.join(SessionTokens(manager))
        self.manager.start()
        self.restaurant = (await self.manager.connected())["restaurant"]
        at = f"/api/v1/restaurants/{RESTAURANT}"
        menu = await self.call("GET", f"{at}/menu")
        for category in menu["categories"].values():
            if course := COURSES.get(category["name"]):
                category["course"] = {"number": course, "name": category["name"]}
        menu["items"] = {id: {k: v for k, v in item.items() if k != "id"} for id, item in menu["items"].items()}
        body = {"categories": menu["categories"], "items": menu["items"]}
        self.menu = Menu((await self.call("PUT", f"{at}/menu", body))["document"])
        await self.call("PUT", f"{at}/firing", {"firing": "after_served"})
        for number in range(1, TABLES + 1):
            await self.call("POST", f"{at}/tables", {"label": str(number)})  # the demo has the first twelve
        self.tables = (await self.call("GET", f"{at}/tables"))["tables"]
        for number in range(1, WAITERS + 1):
            body = {"username": f"waiter{number}", "password": PASSWORD, "role": "staff"}
            await self.call("POST", f"{at}/people", body)

    async def call(self, method: str, path: str, body: Any = None) -> JsonObject:
        """Makes a call as the manager, and repeats it until there is an answer. Something that exists already is not an
        error."""
        for _ in range(10):
            try:
                return await self.manager.call(method, path, body)
            except OrderbellError as error:
                if error.code == "conflict":
                    return {}
                if error.code not in ("offline", "unavailable", "rate_limited"):
                    raise
            await asyncio.sleep(1)
        raise RuntimeError(f"no answer to {method} {path}")

    async def waiter(self, evening: Evening, number: int) -> Waiter:
        sign_in = {"restaurant": RESTAURANT, "username": f"waiter{number}", "password": PASSWORD}
        waiter = Waiter(evening, f"waiter {number}", await evening.join(SessionTokens(sign_in)), self.restaurant)
        waiter.tables = {table["label"] for table in self.tables}
        waiter.bell.start()
        await waiter.bell.connected()
        return waiter

    async def cook(self, evening: Evening, number: int, station: str | None) -> Cook:
        """Pairs a screen, and returns the cook who uses it."""
        tokens = SessionTokens()
        bell = await evening.join(tokens)
        pairing = await bell.http.call("POST", "/api/v1/devices/pairings", {})
        name = f"screen {number} ({station or 'the pass'})"
        body = {"name": name} | ({"station": station} if station else {})
        await self.call("POST", f"/api/v1/devices/pairings/{pairing['user_code']}/approval", body)
        await asyncio.sleep(pairing["interval"])
        tokens.keep(await bell.http.call("POST", "/api/v1/devices/token", {"device_code": pairing["device_code"]}))
        bell.start()
        cook = Cook(evening, name, bell, self.restaurant, station)
        await cook.kitchen.went_live()
        return cook


async def parties(evening: Evening, house: House, waiters: list[Waiter], factor: float) -> None:
    """Lets parties arrive with their phones, and now and then adds an order without a phone."""
    free = list(house.tables)
    phones = PHONES
    coming = sum(ARRIVALS)
    for share in ARRIVALS:
        for _ in range(share):
            await evening.minutes(0, 60 / share)
            waiter = random.choice(waiters)
            if random.random() < 0.2:
                evening.begin(waiter.enter(house.menu, {"service": "takeaway", "guest_name": "Nadia"}))
            if random.random() < 0.2:
                evening.begin(waiter.enter(house.menu, {"service": "dine_in", "table": random.choice(house.tables)["label"]}))
            count = min(3, max(1, round(phones / max(1, coming) + random.uniform(-1, 1))), phones)
            phones, coming = phones - count, coming - 1
            if not count:
                continue
            table = free.pop(random.randrange(len(free))) if free else random.choice(house.tables)

            async def one(table: JsonObject = table, count: int = count) -> None:
                await Party(evening, house.menu, table, count, waiters).stay()
                free.append(table)

            evening.begin(one())


async def troubles(nodes: list[Node], redis: Callable[[], Awaitable[None]] | None, seconds: float) -> list[str]:
    """Kills and restarts nodes during the evening, and suspends Redis once. Returns a list of these actions."""
    done = []
    for turn, how in enumerate(("kill", "stop", "kill", "redis", "kill", "stop")):
        await asyncio.sleep(seconds / 8)
        node = nodes[turn % len(nodes)]
        if how == "redis":
            if redis is not None:
                await redis()
                done.append("Redis away for 10 s")
            continue
        await (node.kill() if how == "kill" else node.stop())
        await asyncio.sleep(random.uniform(0.5, 3))
        await node.start()
        done.append(f"node {turn % len(nodes) + 1} {'killed' if how == 'kill' else 'restarted'}")
        say(done[-1])
    return done


async def tidy(evening: Evening, house: House) -> None:
    """Closes all open visits when the last guests leave, so that the log is complete."""
    async for order in house.manager.orders(RESTAURANT, status="open"):
        await evening.command(house.manager, "cancel", order=order["id"], reason="kitchen_closed")


async def settle(evening: Evening, book: Book) -> list[Watch]:
    """Waits until every room is live and has its last event. Returns the rooms that are still behind at the deadline."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        late = [watch for watch in evening.watches if book.is_behind(watch)]
        if not late or time.monotonic() > deadline:
            return late
        await asyncio.sleep(0.5)


def export(arguments: argparse.Namespace, after: JsonObject | None = None) -> list[JsonObject]:
    """Returns the exported events after a given one."""
    command = [arguments.server, "events", "export", "--restaurant", RESTAURANT, "--database-url", arguments.database_url]
    command += ["--log", "error"] + (["--jwt-keys", arguments.jwt_keys] if arguments.jwt_keys else [])
    command += ["--after", f"{after['epoch']}.{after['position']}"] if after else []
    lines = subprocess.run(command, check=True, capture_output=True, text=True, env=environment()).stdout.splitlines()
    return [json.loads(line) for line in lines]


def quantile(values: list[float], part: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * part))] * 1000 if values else 0.0


def report(evening: Evening, book: Book, faults: list[str], done: list[str], seconds: float) -> None:
    kitchens = [watch for watch in evening.watches if watch.room.name.startswith(("kitchen:", "floor:"))]
    delays = [delay for watch in kitchens for delay in watch.delays_s]
    cuts = sum(cable.cuts for cable in evening.cables)
    applied = sum(len(watch.seen) for watch in evening.watches)
    say(f"{len(book.orders)} orders, {len(book.events)} events, {sum(evening.done.values())} commands in {seconds:.0f} s")
    say(f"{len(evening.watches)} rooms of {len(evening.bells)} clients; {cuts} cuts; {', '.join(done) or 'no node was killed'}")
    say(f"{applied} events applied; {sum(watch.snapshots for watch in evening.watches)} snapshots")
    at = ", ".join(f"{name} {quantile(delays, part):.0f} ms" for name, part in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99)))
    say(f"from the commit to the screens of kitchen and floor, cuts among them: {at}")
    say("commands: " + ", ".join(f"{name} {count}" for name, count in evening.done.most_common()))
    say("refused: " + (", ".join(f"{name} {count}" for name, count in evening.refused.most_common()) or "none"))
    for fault in faults[:30]:
        print(fault, flush=True)
    say(f"{len(faults)} faults")


async def settled_book(arguments: argparse.Namespace, evening: Evening) -> tuple[Book, list[str]]:
    """Returns the log, and the differences of screens from it."""
    book = Book(export(arguments))
    late = await settle(evening, book)
    # Reconnecting screens make events too, so the events since the first export belong to the log.
    book = Book(book.events + export(arguments, after=book.events[-1]))
    faults = [f"{watch.name} is not live, or behind, at {watch.room.cursor} of {book.head}" for watch in late]
    for watch in evening.watches:
        faults += book.faults_of(watch)
    return book, faults + book.faults_of_answers(evening.placed)


async def replay(arguments: argparse.Namespace, nodes: list[Node]) -> int:
    seconds = arguments.minutes * 60
    house = House(nodes)

    async def lay() -> Cable:
        return await Cable(house.port).lay()

    evening = Evening(minute_s=seconds / (HOURS * 60), lay=lay)
    await house.furnish(evening)
    cooks = [await house.cook(evening, number, station) for number, station in enumerate(STATIONS, 1)]
    waiters = [await house.waiter(evening, number) for number in range(1, WAITERS + 1)]
    say(f"{TABLES} tables, {len(cooks)} kitchen screens, {len(waiters)} waiters; {HOURS} hours in {seconds / 60:g} minutes")
    if arguments.broken_screen:
        break_a_screen(cooks[-1].kitchen)
    for worker in (*cooks, *waiters):
        evening.begin(worker.work())
    wearing: set[asyncio.Task[None]] = set()

    async def wear_all() -> None:
        worn = 0
        while True:
            for cable in evening.cables[worn:]:
                wearing.add(asyncio.create_task(wear(cable, arguments.cut_s)))
            worn = len(evening.cables)
            await asyncio.sleep(1)

    begun = time.monotonic()
    watching = [asyncio.create_task(wear_all()), asyncio.create_task(progress(evening, begun, seconds))]
    trouble = asyncio.create_task(troubles(nodes, redis_away(arguments.redis_pid), seconds))
    await parties(evening, house, waiters, seconds)
    await asyncio.sleep(max(0, begun + seconds - time.monotonic()))
    done = await trouble
    for task in (*watching, *wearing):
        task.cancel()
    evening.over.set()
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE_S):
            await tidy(evening, house)
    book, faults = await settled_book(arguments, evening)
    report(evening, book, faults, done, time.monotonic() - begun)
    for bell in evening.bells:
        await bell.close()
    return 1 if faults else 0


async def progress(evening: Evening, begun: float, seconds: float) -> None:
    while True:
        await asyncio.sleep(min(30, seconds / 4))
        past = time.monotonic() - begun
        live = sum(bell.state == "live" for bell in evening.bells)
        say(f"{past:.0f} of {seconds:.0f} s: {len(evening.placed)} orders, {len(evening.bells)} clients, {live} live")


def redis_away(pid: int | None) -> Callable[[], Awaitable[None]] | None:
    """Returns a task that suspends Redis for ten seconds, with its connections open."""
    if pid is None:
        return None

    async def away() -> None:
        os.kill(pid, signal.SIGSTOP)
        try:
            await asyncio.sleep(10)
        finally:
            os.kill(pid, signal.SIGCONT)

    return away


def say(text: str) -> None:
    print(f"== {text}", flush=True)


async def main(arguments: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="orderbell-evening.") as folder:
        more = ["--database-url", arguments.database_url]
        for name in ("redis_url", "jwt_keys"):
            if value := getattr(arguments, name):
                more += [f"--{name.replace('_', '-')}", value]
        nodes = [Node(arguments.server, Path(folder), more) for _ in range(arguments.nodes)]
        try:
            for node in nodes:
                await node.start()
            return await replay(arguments, nodes)
        finally:
            for node in nodes:
                await node.kill()


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--server", required=True, help="the built binary")
    parser.add_argument("--database-url", required=True, help="an empty database")
    parser.add_argument("--redis-url")
    parser.add_argument("--redis-pid", type=int, help="the process of Redis, which is suspended for ten seconds")
    parser.add_argument("--jwt-keys")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=10, help="how long the four hours take")
    parser.add_argument("--cut-s", type=float, default=60, help="the mean time between two cuts of one client")
    parser.add_argument("--seed", type=int, default=random.randrange(1_000_000))
    parser.add_argument("--broken-screen", action="store_true", help="one screen ignores the content of each fiftieth event")
    return parser.parse_args()


if __name__ == "__main__":
    given = parse()
    logging.basicConfig(level=logging.CRITICAL)
    random.seed(given.seed)
    say(f"seed {given.seed}")
    sys.exit(asyncio.run(main(given)))
