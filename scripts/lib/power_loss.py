"""Opens the files that a power loss may leave of a running server's SQLite database.

    power_loss.py SERVER [--states N] [--commands N] [--seed N]

Records the server's writes and syncs with strace while it creates a database, answers commands, is stopped, killed and
restarted, and while it migrates an old database. From the record it rebuilds states: each is the result of a prefix of the
calls, with none, all or a random part of the unsynced changes. The server opens each state. Then SQLite checks the file. Each
acknowledged command must be there with its answer, no position may be missing or doubled, each document must be the fold of
its events, and the feed must be a prefix of the recorded one. The controls break a guarantee of the disk or of the server,
and must be detected.
"""

import argparse
import collections
import concurrent.futures
import dataclasses
import itertools
import json
import os
import pathlib
import random
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

from crash_disk import Disk, calls

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
DATABASE = "orderbell.db"
TRACED = "openat,open,pwrite64,write,sendto,fsync,fdatasync,ftruncate,unlink,unlinkat,rename,renameat,renameat2,link,linkat"
LISTENING = re.compile(rb"listening on http://[\d.]+:(\d+)")
PATIENCE = 60
WRITERS = 4
STEPS = ("accept", "start", "ready", "serve")
# Set the alarm so late that a start appends no event about tickets that no screen has shown.
QUIET = ("--display-alarm-s", "3600")


class Server:
    """A server on a folder, traced or not."""

    def __init__(self, binary, folder, *options, trace=None):
        tracer = ["strace", "-f", "--seccomp-bpf", "-y", "-ttt", "-xx", "-s", "10000000", "-e", f"trace={TRACED}", "-o", trace]
        url = f"sqlite://{folder}/{DATABASE}"
        serve = [binary, "--database-url", url, "serve", "--bind", "127.0.0.1:0", *QUIET, *options]
        self.log = tempfile.TemporaryFile()
        self.is_traced = trace is not None
        self.process = subprocess.Popen((tracer if trace else []) + serve, stdout=self.log, stderr=self.log)

    def port(self):
        """Waits until the server listens, and returns its port; `None` if it has ended."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            has_ended = self.process.poll() is not None
            found = LISTENING.search(self.output())
            if found or has_ended:
                return int(found[1]) if found else None
            time.sleep(0.005)
        self.end(signal.SIGKILL)
        raise TimeoutError(f"the server does not listen: {self.output().decode()}")

    def output(self):
        """Returns the output so far."""
        self.log.seek(0)
        return self.log.read()

    def end(self, how):
        """Ends the server with a signal."""
        target = self.process.pid
        if self.is_traced:
            target = int(pathlib.Path(f"/proc/{target}/task/{target}/children").read_text().split()[0])
        subprocess.run(["kill", f"-{int(how)}", str(target)], check=True)
        self.process.wait(PATIENCE)


class Staff:
    """A waiter of the demo restaurant."""

    def __init__(self, port):
        self.base = f"http://127.0.0.1:{port}/api/v1"
        self.token = None
        signed_in = self.call("POST", "/sessions", {"restaurant": "demo", "username": "staff", "password": "staff-demo"})
        self.token = signed_in["access_token"]
        dishes = self.call("GET", "/restaurants/demo/menu")["items"].values()
        self.dish = next(dish["id"] for dish in dishes if dish["available"])

    def call(self, method, path, body=None, key=None):
        """Makes a call, and returns the JSON of its answer."""
        request = urllib.request.Request(self.base + path, method=method)
        for name, value in (("Authorization", self.token and f"Bearer {self.token}"), ("Idempotency-Key", key)):
            if value:
                request.add_header(name, value)
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return json.load(answer)

    def place(self, key):
        """Places an order, whose note is the command's id."""
        lines = [{"menu_item": self.dish, "quantity": 1}]
        return self.call("POST", "/restaurants/demo/orders", {"service": "takeaway", "items": lines, "note": key}, key)

    def work(self, count):
        """Takes orders through their lives, with `count` commands. Returns the ids of the acknowledged ones."""
        done = []
        while True:
            for step in ("place", *STEPS):
                if len(done) == count:
                    return done
                key = str(uuid.uuid4())
                if step == "place":
                    order = self.place(key)["id"]
                else:
                    self.call("POST", f"/orders/{order}/commands", {"id": key, "action": step})
                done.append(key)


def acknowledged(call):
    """Returns the command that an answer of the server acknowledges, and its position. Returns None for any other call."""
    if call.name not in ("sendto", "write") or not call.texts or not call.texts[0].startswith(b"HTTP/1.1 20"):
        return None
    head, _, body = call.texts[0].partition(b"\r\n\r\n")
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    if head.startswith(b"HTTP/1.1 201") and "note" in answer:
        return answer["note"], answer["position"]
    return (answer["id"], answer["position"]) if "changed" in answer else None


@dataclasses.dataclass
class Record:
    """The recorded calls of a server on a folder, and the final content of its database."""

    folder: str
    before: dict
    calls: list
    acks: list  # (when, command, position), by time
    feed: list

    def has(self, when):
        """Returns the commands that were acknowledged before a time, with their positions."""
        return dict((command, position) for at, command, position in self.acks if at < when)


def record(binary, folder, phases):
    """Records some phases. Each has the options of its start, the number of its commands, and the signal that ends it."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    acks = [(-1, command, position) for command, position in remembered(folder)] if before else []
    log, sent, start = [], [], 0
    for nth, (options, commands, how) in enumerate(phases):
        trace = folder.parent / f"{folder.name}-{nth}.trace"
        server = Server(binary, folder, *options, trace=str(trace))
        port = server.port()
        if not port:
            sys.exit(f"the traced server does not start: {server.output().decode()}")
        staff = Staff(port)
        with concurrent.futures.ThreadPoolExecutor(WRITERS) as writers:
            for done in writers.map(staff.work, [commands // WRITERS] * WRITERS):
                sent += done
        server.end(how)
        for call in calls(trace.open("rb")):
            call.began, call.ended = call.began + start, call.ended + start
            if found := acknowledged(call):
                acks.append((call.began, *found))
            else:
                log.append(call)
        start = max(call.ended for call in log) + 1
        trace.unlink()
    missed = set(sent) - {command for _, command, _ in acks}
    if missed:
        sys.exit(f"{len(missed)} of {len(sent)} acknowledgements are not in the trace")
    with tempfile.TemporaryDirectory(dir=folder.parent) as copy:
        for path in folder.iterdir():
            shutil.copy(path, copy)
        return Record(str(folder), before, log, sorted(acks), feed_of(opened(pathlib.Path(copy))))


def remembered(folder):
    """Returns the commands of a database with their positions."""
    with opened(folder) as database:
        rows = database.execute("SELECT id, answer FROM commands").fetchall()
    return [(str(uuid.UUID(bytes=id)), json.loads(answer)["ack"]["position"]) for id, answer in rows]


def opened(folder):
    """Opens a connection to the database of a folder."""
    return sqlite3.connect(folder / DATABASE, isolation_level=None)


def feed_of(database):
    """Returns all events."""
    columns = "restaurant, position, id, kind, order_id, command, patch"
    return database.execute(f"SELECT {columns} FROM events ORDER BY restaurant, position").fetchall()


def old_database(folder, new):
    """Creates a database as the first version left it, with the orders of a new one."""
    with opened(folder) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for migration in sorted((ROOT / "migrations/sqlite").glob("*.sql")):
            database.executescript(migration.read_text())
        database.execute("ATTACH ? AS new", (str(new / DATABASE),))
        migrations = "SELECT sql FROM new.sqlite_schema WHERE name = '_sqlx_migrations'"
        database.execute(database.execute(migrations).fetchone()[0])
        database.execute("BEGIN")
        for (table,) in database.execute("SELECT name FROM main.sqlite_schema WHERE type = 'table'").fetchall():
            columns = ", ".join(row[1] for row in database.execute(f"PRAGMA main.table_info({table})"))
            database.execute(f"INSERT INTO main.{table} ({columns}) SELECT {columns} FROM new.{table}")
        database.execute("COMMIT")
    database.close()


def states(record, count, seed, ignored=lambda _: False):
    """Yields about `count` states that a crash may leave: (when, how, files). `when` is as late as the files allow, so that
    as many acknowledgements as possible count. `ignored` selects syncs that the disk ignores."""
    disk = Disk(record.folder, record.before)
    is_done = lambda call: not (call.is_sync() and ignored(call)) and disk.take(call)  # noqa: E731
    effective = [nth for nth, call in enumerate(record.calls) if is_done(call)]
    syncs = [nth for nth in effective if record.calls[nth].is_sync()]
    chance = random.Random(seed)
    lost = set(chance.sample(syncs, min(len(syncs), count // 3)))
    rest = count - len(lost)
    kept = set(chance.sample(effective, min(len(effective), rest // 3)))
    torn = collections.Counter(chance.choices(effective, k=rest - len(kept)))
    disk = Disk(record.folder, record.before)
    for nth, call in enumerate(record.calls):
        when = call.ended if call.is_sync() else call.began
        if nth in lost:  # before it takes effect
            yield when, "lost", disk.left("lost")
        if call.is_sync() and ignored(call):
            continue
        disk.take(call)
        following = record.calls[nth + 1] if nth + 1 < len(record.calls) else None
        until = when + 1 if following is None else following.ended if following.is_sync() else following.began
        if nth in kept:
            yield until, "kept", disk.left("kept")
        for again in range(torn[nth]):
            yield until, "torn", disk.left("torn", f"{seed} {nth} {again}")


def merge(target, patch):
    """Applies a merge patch (RFC 7396)."""
    if not isinstance(patch, dict):
        return patch
    target = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            target.pop(name, None)
        else:
            target[name] = merge(target.get(name), value)
    return target


def faults_of(database, record, promised):
    """Returns the faults of a database that the server has opened."""
    faults = []
    sound = database.execute("PRAGMA integrity_check").fetchall() + database.execute("PRAGMA foreign_key_check").fetchall()
    if sound != [("ok",)]:
        faults.append(f"damaged: {sound[:3]}")
    feed = feed_of(database)
    if feed != record.feed[: len(feed)]:
        faults.append("the feed is not a prefix of the recorded one")
    heads = dict(database.execute("SELECT restaurant, head FROM feeds").fetchall())
    positions = collections.defaultdict(list)
    documents, commands = {}, {}
    for restaurant, position, _, _, order, command, patch in feed:
        positions[restaurant].append(position)
        if order:
            documents[order] = merge(documents.get(order), json.loads(patch))
        if command:
            commands[str(uuid.UUID(bytes=command))] = position
    for restaurant, head in heads.items():
        if positions[restaurant] != list(range(1, head + 1)):
            faults.append(f"the positions are not 1 to {head}")
    kept = {order: json.loads(document) for order, document in database.execute("SELECT id, document FROM orders")}
    if kept != documents:
        faults.append("a document is not the fold of its events")
    answers = {
        str(uuid.UUID(bytes=id)): json.loads(answer)["ack"]["position"]
        for id, answer in database.execute("SELECT id, answer FROM commands")
    }
    lost = [command for command, position in promised.items() if not commands.get(command) == answers.get(command) == position]
    if lost:
        faults.append(f"{len(lost)} acknowledged commands lost")
    if answers.keys() != commands.keys():
        faults.append("an answer without its events, or events without the answer")
    return faults


class Opener:
    """Opens states with the server, and checks them."""

    def __init__(self, binary, scratch):
        self.binary = binary
        self.scratch = scratch

    def faults(self, record, state, spoil=None):
        """Returns the faults of a state. `spoil` is SQL that damages the state first."""
        when, _, files = state
        with tempfile.TemporaryDirectory(dir=self.scratch) as folder:
            folder = pathlib.Path(folder)
            for name, content in files.items():
                (folder / name).write_bytes(content)
            server = Server(self.binary, folder)
            port = server.port()
            if port is None:
                last = server.output().decode().strip().rpartition("\n")[2]
                return [f"does not start: {last.replace(str(folder) + '/', '')}"]
            server.end(signal.SIGKILL)
            with opened(folder) as database:
                if spoil:
                    database.executescript(spoil)
                try:
                    faults = faults_of(database, record, record.has(when))
                except sqlite3.DatabaseError as error:
                    faults = [f"damaged: {error}"]
            database.close()
            return faults


def run(opener, title, record, made):
    """Opens states, two at a time. Prints and returns the number of states with each fault."""
    found, kinds, opened_states = collections.Counter(), collections.Counter(), 0
    with concurrent.futures.ThreadPoolExecutor(2) as openers:
        pairs = iter(made)
        while batch := list(itertools.islice(pairs, 20)):
            results = openers.map(lambda state: opener.faults(record, state), batch)
            for (when, how, _), faults in zip(batch, results):
                opened_states += 1
                kinds[how] += 1
                if faults:
                    found["states with faults"] += 1
                    found.update(re.sub(r"\d+ acknowledged", "acknowledged", fault) for fault in faults)
                    if title:
                        print(f"  at {when}, {how}: {'; '.join(faults)}", flush=True)
    if title:
        how = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
        print(f"{title}: {opened_states} states ({how}), {found['states with faults']} with faults", flush=True)
    return opened_states, found


def with_early_acks(record):
    """Changes a record as if the server acknowledged commands after the write, before the sync."""
    waiting = {uuid.UUID(command).bytes: (command, position) for _, command, position in record.acks}
    early = []
    for call in record.calls:
        if call.name == "pwrite64" and call.path.endswith("-wal"):
            for key in [key for key in waiting if key in call.texts[0]]:
                early.append((call.began, *waiting.pop(key)))
    return dataclasses.replace(record, acks=sorted(early))


def with_lost_sector(made, seed):
    """Yields states in which the disk has lost a synced sector of the log."""
    chance = random.Random(seed)
    for when, how, files in made:
        log = files.get(f"{DATABASE}-wal", b"")
        if len(log) > 8192:
            at = chance.randrange(0, len(log) // 2, 512)
            log[at : at + 512] = bytes(512)
        yield when, how, files


def controls(opener, record, seed):
    """Breaks one guarantee at a time. Returns whether each was detected."""
    count = 60
    is_of_log = lambda call: call.path.endswith("-wal")  # noqa: E731
    cases = {
        "the disk ignores syncs of the log": (record, states(record, count, seed, is_of_log)),
        "the server acknowledges before the sync": (with_early_acks(record), states(record, count, seed)),
        "the disk loses a synced sector of the log": (record, with_lost_sector(states(record, count, seed), seed)),
    }
    noticed = True
    for what, (told, made) in cases.items():
        opened_states, found = run(opener, None, told, made)
        bad = found["states with faults"]
        details = ", ".join(f"{count} × {fault}" for fault, count in found.most_common() if fault != "states with faults")
        print(f"control, {what}: {bad} of {opened_states} states with faults ({details})", flush=True)
        noticed &= bad > 0
    *_, last = states(record, 30, seed)
    spoils = {
        "an event is missing": "DELETE FROM events WHERE position = 9",
        "a document is another": "UPDATE orders SET document = json_set(document, '$.number', 99) WHERE number = 3",
        "an answer is missing": "DELETE FROM commands WHERE rowid = (SELECT max(rowid) FROM commands)",
        "an event is doubled": "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch)"
        " SELECT restaurant, (SELECT max(position) + 1 FROM events), randomblob(16), kind, topic, order_id, at, by_role, command, patch FROM events WHERE position = 9",
    }
    for what, spoil in spoils.items():
        faults = opener.faults(record, last, spoil)
        print(f"control, {what}: {'; '.join(faults) or 'not detected'}", flush=True)
        noticed &= bool(faults)
    return noticed


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("server")
    parser.add_argument("--states", type=int, default=1200)
    parser.add_argument("--commands", type=int, default=400)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    os.umask(0o077)  # the server refuses keys that others can read
    shared = pathlib.Path("/dev/shm")
    with tempfile.TemporaryDirectory() as scratch, tempfile.TemporaryDirectory(dir=shared if shared.is_dir() else None) as fast:
        scratch = pathlib.Path(scratch).resolve()
        live, old = scratch / "live", scratch / "old"
        live.mkdir()
        old.mkdir()
        third = options.commands // 3
        phases = [(["--demo"], third, signal.SIGTERM), ([], third, signal.SIGKILL), ([], third, signal.SIGKILL)]
        work = record(options.server, live, phases)
        print(f"recorded: {len(work.acks)} acknowledged commands, {len(work.feed)} events, {len(work.calls)} calls", flush=True)
        old_database(old, live)
        upgrade = record(options.server, old, [([], 20, signal.SIGTERM)])
        opener = Opener(options.server, fast)
        some = options.states // 4
        bad = 0
        for title, each, count in (("commands", work, options.states - some), ("an old database", upgrade, some)):
            _, found = run(opener, title, each, states(each, count, options.seed))
            bad += found["states with faults"]
        noticed = controls(opener, work, options.seed)
    if bad or not noticed:
        sys.exit("a state has faults, or a control was not detected")


if __name__ == "__main__":
    main()
