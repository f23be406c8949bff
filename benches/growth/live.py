#!/usr/bin/env python3
"""Measures how the CPU time of a live server grows with one size at a time. Prints lines that `plot.py` draws.

    live.py [NAME …]    events restaurants rooms members connections open-orders nodes; without a name, all of them

ORDERBELL_BIN is the optimized binary (default target/release/orderbell). The unit is the CPU time of one command on a
yardstick, a server with one order. The server and the yardstick are measured in turn, since other work on the machine makes
all CPU time longer, and each figure is the quotient of their medians. `nodes` needs psql, and a PostgreSQL and a Redis in
ORDERBELL_TEST_POSTGRES_URL and ORDERBELL_TEST_REDIS_URL. Everything else needs only Python.
"""

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.parse
import uuid

import client
from server import BINARY, Past, Server, Sqlite, kitchen_of, prepare, room_of


def report(grows, size, what, commands):
    print(f"growth,{grows},{size},{what},{commands:.3f},commands", flush=True)


class Yardstick:
    """A server with one order, beside the measured server."""

    def __init__(self, server):
        self.server = server
        self.staff = Staff(server)

    def command(self, _=0):
        self.staff.promise(0)

    def cost(self, servers, act, count, prepare_act=None):
        """Returns the CPU time of an action on the servers, in commands of the yardstick."""
        acts, commands = [], []
        for nth in range(count):
            if prepare_act:
                prepare_act(nth)
            acts.append(cpu_of(servers, act, nth))
            commands.append(cpu_of([self.server], self.command, nth))
        return statistics.median(acts) / statistics.median(commands)

    def commands(self, nanoseconds):
        """Converts a CPU time into commands."""
        return nanoseconds / statistics.median(cpu_of([self.server], self.command, nth) for nth in range(50))


def cpu_of(servers, act, nth):
    begun = sum(server.cpu() for server in servers)
    act(nth)
    return sum(server.cpu() for server in servers) - begun


def await_rest(server):
    """Waits until the work of the start is done, and returns its CPU time in nanoseconds."""
    deadline = time.monotonic() + 120
    while True:
        begun = server.cpu()
        time.sleep(1)
        if server.cpu() - begun < 20_000_000 or time.monotonic() > deadline:
            return begun


class Staff:
    """Somebody in each restaurant who sends commands, one after another on one connection."""

    def __init__(self, server, restaurants=1, role="staff"):
        self.caller = client.Caller(server.port)
        self.restaurants = restaurants
        self.role = role
        self.tokens = {}

    def token(self, restaurant):
        if restaurant not in self.tokens:
            self.tokens[restaurant] = client.token(prepare.restaurant_id(restaurant), f"{self.role}-0", self.role)
        return self.tokens[restaurant]

    def promise(self, order):
        path = f"/api/v1/orders/{prepare.order_id(order)}/commands"
        body = {"id": str(uuid.uuid4()), "action": "promise", "minutes": 20}
        self.caller.call("POST", path, self.token(order % self.restaurants), body)

    def get(self, path):
        return self.caller.call("GET", f"/api/v1/restaurants/{prepare.restaurant_id(0)}/{path}", self.token(0))


def screen(server, number, restaurant=0):
    return client.Screen(server.port, client.token(prepare.restaurant_id(restaurant), f"user-{number}"))


def grow(crowd, server, size, restaurants, order_of):
    """Adds screens, each in the room of an order, up to a number."""
    for number in range(len(crowd), size):
        order = order_of(number)
        one = screen(server, number, order % restaurants)
        one.join(room_of(order))
        crowd.add(one)


def measure_events(yardstick):
    for size in (1000, 10_000, 100_000, 1_000_000, 10_000_000):
        past = Past(size)
        with Sqlite(orders=10, fill=past.fill) as server:
            anchor = screen(server, "anchor")
            anchor.join(kitchen_of(0))
            staff, manager = Staff(server), Staff(server, role="manager")
            report("events", size, "command", yardstick.cost([server], lambda nth: staff.promise(nth % 10), 200))
            screens = [screen(server, number) for number in range(4)]

            def resume(nth):
                number = past.count - 1 - nth
                since = past.first + 6 * number + 3
                read = screens[nth % 4].join(f"order:{past.order_id(number)}", since)
                if read.count(client.EVENT) != 3:
                    raise SystemExit(f"expected the three missed events: {read}")

            report("events", size, "resume", yardstick.cost([server], resume, 150))
            report("events", size, "list of open orders", yardstick.cost([server], lambda _: staff.get("orders"), 100))
            report("events", size, "a page of all orders", yardstick.cost([server], lambda _: staff.get("orders?status=all"), 100))
            day = time.strftime("reports/day?date=%Y-%m-%d", time.gmtime(time.time() - 86_400))
            report("events", size, "report of a day", yardstick.cost([server], lambda _: manager.get(day), 100))


def measure_restaurants(yardstick):
    for size in (1, 10, 100, 1000, 10_000):
        with Sqlite(orders=size, restaurants=size) as server:
            swept = await_rest(server)
            report("restaurants", size, "start with the removal of old rows", yardstick.commands(swept))
            staff = Staff(server, size)
            report("restaurants", size, "command of one", yardstick.cost([server], lambda _: staff.promise(0), 200))
            report("restaurants", size, "commands of all in turn", yardstick.cost([server], lambda nth: staff.promise(nth * 7 % size), 200))
            begun = server.cpu()
            time.sleep(5)
            report("restaurants", size, "a second at rest", yardstick.commands((server.cpu() - begun) / 5))


def measure_rooms(yardstick):
    with Sqlite(orders=10_000, restaurants=20) as server:
        crowd, staff = client.Crowd(), Staff(server, 20)
        for size in (10, 100, 1000, 10_000):
            grow(crowd, server, size, 20, lambda number: number)

            def command(nth):
                staff.promise(nth * 7 % size)
                crowd.await_events(1)

            report("rooms", size, "command with one screen", yardstick.cost([server], command, 200))
        crowd.close()


def measure_members(yardstick):
    with Sqlite() as server:
        crowd, staff = client.Crowd(), Staff(server)
        for size in (1, 10, 100, 1000, 10_000):
            grow(crowd, server, size, 1, lambda _: 0)

            def command(_):
                staff.promise(0)
                crowd.await_events(size)

            whole = yardstick.cost([server], command, 30 if size > 1000 else 150)
            report("members of a room", size, "command with all deliveries", whole)
            report("members of a room", size, "its share of one delivery", whole / size)
        crowd.close()


def measure_connections(yardstick):
    with Sqlite(orders=2000, restaurants=20) as server:
        crowd, staff = client.Crowd(), Staff(server, 20)
        for size in (100, 1000, 5000, 10_000, 18_800):
            grow(crowd, server, size - 80, 20, lambda number: number // 10)
            join = yardstick.cost([server], lambda _: grow(crowd, server, len(crowd) + 1, 20, lambda number: number // 10), 80)

            def command(nth):
                staff.promise(nth * 7 % (size // 10))
                crowd.await_events(10)

            report("connections", size, "handshake and join", join)
            report("connections", size, "command with ten screens", yardstick.cost([server], command, 200))
        crowd.close()


def measure_open_orders(yardstick):
    for size in (10, 100, 500, 2000):
        with Sqlite(orders=size) as server:
            anchor, crowd, staff = screen(server, "anchor"), client.Crowd(), Staff(server)
            anchor.join(kitchen_of(0))
            crowd.add(anchor)

            def command(nth):
                staff.promise(nth % size)
                crowd.await_events(1)

            report("open orders", size, "command", yardstick.cost([server], command, 200))
            screens = iter([screen(server, number) for number in range(200)])

            def join(_):
                one = next(screens)
                one.join(kitchen_of(0))
                one.close()

            report("open orders", size, "join of the kitchen", yardstick.cost([server], join, 100))
            report("open orders", size, "join after a command", yardstick.cost([server], join, 100, command))
            report("open orders", size, "list of open orders", yardstick.cost([server], lambda _: staff.get("orders"), 100))


def on_postgres():
    """Yields a new database, and drops it at the end."""
    address = os.environ["ORDERBELL_TEST_POSTGRES_URL"]
    name = f"growth_{uuid.uuid4().hex[:12]}"

    @contextlib.contextmanager
    def database():
        subprocess.run(["psql", "-qc", f"CREATE DATABASE {name}", address], check=True)
        try:
            yield urllib.parse.urlunsplit(urllib.parse.urlsplit(address)._replace(path=f"/{name}"))
        finally:
            subprocess.run(["psql", "-qc", f"DROP DATABASE {name} WITH (FORCE)", address], check=True)

    return database()


def furnish(url, server, count):
    """Adds restaurants with one accepted order each. Returns their ids, and those of the orders."""
    places = []
    for number in range(count):
        slug = f"growth-{number}"
        add = ["restaurant", "add", "--slug", slug, "--name", slug, "--currency", "BDT", "--tables", "1"]
        subprocess.run([BINARY, *add, "--database-url", url], check=True, capture_output=True)
        query = f"SELECT id FROM restaurants WHERE slug = '{slug}'"
        restaurant = subprocess.run(["psql", "-Atqc", query, url], check=True, capture_output=True, text=True).stdout.strip()
        manager, caller = client.token(restaurant, "manager-0", "manager"), client.Caller(server.port)
        dish, category = str(uuid.uuid4()), str(uuid.uuid4())
        item = {"name": "Beef rezala", "category": category, "price": {"amount": 900, "currency": "BDT"}, "station": "hot",
        "sort": 1}
        menu = {"categories": {category: {"name": "Mains", "sort": 1}}, "items": {dish: item}}
        caller.call("PUT", f"/api/v1/restaurants/{slug}/menu", manager, menu)
        order = {"service": "takeaway", "items": [{"menu_item": dish, "quantity": 1}]}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        order = json.loads(caller.call("POST", f"/api/v1/restaurants/{slug}/orders", manager, order, key))["id"]
        caller.call("POST", f"/api/v1/orders/{order}/commands", manager, {"id": str(uuid.uuid4()), "action": "accept"})
        places.append((restaurant, order, manager))
    return places


def measure_nodes(yardstick):
    for size in (1, 2, 3, 4):
        with on_postgres() as url, contextlib.ExitStack() as stack:
            servers = []
            for _ in range(size):
                servers.append(Server(url, "--redis-url", os.environ["ORDERBELL_TEST_REDIS_URL"]))
                stack.callback(servers[-1].stop)
            places, crowd = furnish(url, servers[0], 16), client.Crowd()
            for number, (restaurant, order, _) in enumerate(places):
                for seat in range(4):
                    sub = f"user-{number}-{seat}"
                    one = client.Screen(servers[seat % size].port, client.token(restaurant, sub))
                    one.join(f"order:{order}")
                    crowd.add(one)
            callers = [client.Caller(server.port) for server in servers]

            def command(nth):
                _, order, manager = places[nth % len(places)]
                body = {"id": str(uuid.uuid4()), "action": "promise", "minutes": 20}
                callers[nth // len(places) % size].call("POST", f"/api/v1/orders/{order}/commands", manager, body)
                crowd.await_events(4)

            for nth in range(64):
                command(nth)
            report("nodes", size, "command with four screens", yardstick.cost(servers, command, 200))
            crowd.close()


MEASUREMENTS = {
    "restaurants": measure_restaurants,
    "rooms": measure_rooms,
    "members": measure_members,
    "connections": measure_connections,
    "open-orders": measure_open_orders,
    "nodes": measure_nodes,
    "events": measure_events,
}


def main():
    client.allow_descriptors()
    names = sys.argv[1:] or list(MEASUREMENTS)
    for name in names:
        if name not in MEASUREMENTS:
            raise SystemExit(f"unknown: {name} ({', '.join(MEASUREMENTS)})")
        with Sqlite() as server:
            await_rest(server)
            MEASUREMENTS[name](Yardstick(server))


if __name__ == "__main__":
    main()
