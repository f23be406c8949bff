"""Servers under measurement, and the databases with which they start. Needs only Python."""

import os
import pathlib
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import uuid

import client

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "loadgen"))
import prepare  # noqa: E402

BINARY = os.environ.get("ORDERBELL_BIN", "target/release/orderbell")
# Without these settings, limits of one principal and timers of idle connections would distort the figures.
FLAGS = ["--log", "off", "--workers", "1", "--heartbeat-ms", "300000", "--staff-commands-per-second", "100000"]
# The events of each order's life in the log.
EVENTS_OF_ORDER = 6


class Server:
    """A process of the server. `cpu` returns the CPU time that it has used, in nanoseconds."""

    def __init__(self, url, *flags):
        environment = {**os.environ, "ORDERBELL_JWT_KEYS": f"{client.KEY_ID}:{client.SECRET}", "DATABASE_URL": url}
        # The process ends with this script, even if the script is killed.
        command = ["setpriv", "--pdeathsig", "KILL", BINARY, "serve", "--bind", "127.0.0.1:0", *FLAGS, *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        line = self.process.stdout.readline().strip()
        if not line.startswith("listening on http://"):
            self.stop()
            raise SystemExit(f"the server said {line!r}")
        self.port = int(line.rsplit(":", 1)[1])

    @property
    def pid(self):
        return self.process.pid

    def cpu(self):
        # The kernel's clock of a process' CPU time, including ended threads: CPUCLOCK_SCHED.
        return time.clock_gettime_ns((~self.pid << 3) | 2)

    def stop(self):
        self.process.kill()
        self.process.wait()


class Sqlite:
    """A server on a new SQLite database. Leaving the context removes both."""

    def __init__(self, orders=1, restaurants=1, fill=None, flags=()):
        self.folder = tempfile.mkdtemp(prefix="orderbell-growth.")
        try:
            path = f"{self.folder}/orderbell.db"
            self.url = f"sqlite://{path}"
            subprocess.run([BINARY, "migrate", "--database-url", self.url], check=True, stdout=subprocess.DEVNULL)
            database = sqlite3.connect(path)
            now = int(time.time() * 1_000_000)
            with database:
                for number in range(restaurants):
                    prepare.add_restaurant(database, number, range(number, orders, restaurants), now)
            if fill:
                fill(database)
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            database.close()
            self.server = Server(self.url, *flags)
        except BaseException:
            shutil.rmtree(self.folder)
            raise

    def __enter__(self):
        return self.server

    def __exit__(self, *_):
        self.server.stop()
        shutil.rmtree(self.folder)


def room_of(order):
    return f"order:{prepare.order_id(order)}"


def kitchen_of(restaurant):
    return f"kitchen:{prepare.restaurant_id(restaurant)}"


class Past:
    """The log of one restaurant's served orders, with three lines and six events each, as the server would write it."""

    # The most recent days have fifty orders each, so that yesterday's report has the same length for any size of the log.
    RECENT, RECENT_GAP, GAP = 160, 1_728_000, 144_000

    def __init__(self, events):
        self.count = events // EVENTS_OF_ORDER
        self.now = int(time.time() * 1000)
        self.restaurant = prepare.restaurant_id(0)

    def placed_at(self, number):
        age = self.count - number
        return self.now - (min(age, self.RECENT) * self.RECENT_GAP + max(age - self.RECENT, 0) * self.GAP)

    def order_id(self, number):
        """Returns a UUID of version 7 with the time of the order."""
        head = (self.placed_at(number) << 16) | 0x7000
        return uuid.UUID(int=(head << 64) | (0b10 << 62) | number)

    def fill(self, database):
        key = self.restaurant.bytes
        (first,) = database.execute("SELECT head FROM feeds WHERE restaurant = ?", (key,)).fetchone()
        self.first = first
        database.execute("PRAGMA journal_mode = OFF")
        database.execute("PRAGMA synchronous = OFF")
        with database:
            database.executemany(
                "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch)"
                " VALUES (?, ?, ?, ?, 1, ?, ?, 'staff', NULL, ?)",
                self.events(key),
            )
            database.executemany(
                "INSERT INTO orders (restaurant, id, number, status, is_open, document, accepted_position, table_label, closed_at,"
                " purged_at) VALUES (?, ?, ?, 'served', 0, ?, ?, '7', ?, ?)",
                self.orders(key),
            )
            head = first + EVENTS_OF_ORDER * self.count
            database.execute("UPDATE feeds SET head = ?, next_number = ? WHERE restaurant = ?", (head, head, key))
        database.execute("PRAGMA journal_mode = WAL")

    def stamps(self, number):
        placed = self.placed_at(number)
        day = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(placed // 1000))
        return placed // 1000 * 1000, day

    def document(self, number, position, stamp, **more):
        price = '{"amount":900,"currency":"BDT"}'
        lines = ",".join(
            f'"{uuid.UUID(int=number << 8 | line)}":{{"menu_item":"{prepare.made_id("a000", line)}","name":"Beef rezala with rice",'
            f'"quantity":1,"station":"hot","status":"{more.get("item", "queued")}","price":{price}}}'
            for line in range(1, 4)
        )
        rest = more.get("rest", "")
        return (
            f'{{"id":"{self.order_id(number)}","restaurant":"{self.restaurant}","number":{number + 1000},"position":{position},'
            f'"status":"{more.get("status", "placed")}","service":"dine_in","table":"7","rush":false,"placed_at":"{stamp}",'
            f'"total":{{"amount":2700,"currency":"BDT"}},"items":{{{lines}}}{rest}}}'
        )

    def events(self, key):
        identity = 0
        for number in range(self.count):
            at, stamp = self.stamps(number)
            order = self.order_id(number).bytes
            position = self.first + EVENTS_OF_ORDER * number
            for kind, patch in (
                ("order.placed", self.document(number, position + 1, stamp)),
                ("order.accepted", f'"status":"accepted","accepted_at":"{stamp}","promised_at":"{stamp}"'),
                ("order.started", f'"status":"preparing","started_at":"{stamp}"'),
                ("order.promised", f'"promised_at":"{stamp}"'),
                ("order.ready", f'"status":"ready","ready_at":"{stamp}"'),
                ("order.served", f'"status":"served","served_at":"{stamp}","closed_at":"{stamp}"'),
            ):
                position += 1
                identity += 1
                text = patch if kind == "order.placed" else f'{{"position":{position},{patch}}}'
                yield key, position, identity.to_bytes(16, "big"), kind, order, at * 1000, text

    def orders(self, key):
        for number in range(self.count):
            at, stamp = self.stamps(number)
            position = self.first + EVENTS_OF_ORDER * (number + 1)
            times = "".join(f',"{name}_at":"{stamp}"' for name in ("accepted", "promised", "started", "ready", "served", "closed"))
            text = self.document(number, position, stamp, status="served", item="done", rest=times)
            yield key, self.order_id(number).bytes, number + 1000, text, position - 4, at * 1000, at * 1000
