#!/usr/bin/env python3
"""Measures how a busy restaurant slows down a quiet one on the same node, and prints a table.

    neighbour.py

A restaurant with one client sends commands, in turn alone and beside 64 clients of another restaurant. The table has the
medians of the time to an answer. Runs on SQLite, and on PostgreSQL if ORDERBELL_TEST_POSTGRES_URL names one (which needs psql).
ORDERBELL_BIN is the optimized binary (default target/release/orderbell). Apart from psql it needs only Python.
"""

import multiprocessing
import os
import statistics
import threading
import time
import uuid

import client
from live import furnish, on_postgres
from server import Server, Sqlite, prepare

CLIENTS = 64
PROCESSES = 4
COMMANDS = 300
ROUNDS = 3


def promise(caller, order, token):
    body = {"id": str(uuid.uuid4()), "action": "promise", "minutes": 20}
    caller.call("POST", f"/api/v1/orders/{order}/commands", token, body)


def keep_busy(port, order, token, is_over, count):
    """Sends commands from some clients until the measurement is over. Each client waits for each answer."""

    def work():
        caller, sent = client.Caller(port), 0
        while not is_over.is_set():
            promise(caller, order, token)
            sent += 1
        with count.get_lock():
            count.value += sent

    threads = [threading.Thread(target=work) for _ in range(CLIENTS // PROCESSES)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def answer_times(port, order, token):
    caller, times = client.Caller(port), []
    for _ in range(COMMANDS):
        begun = time.perf_counter()
        promise(caller, order, token)
        times.append((time.perf_counter() - begun) * 1000)
    return times


def measure(name, port, quiet, busy):
    alone, beside, sent, seconds = [], [], 0, 0
    answer_times(port, *quiet)
    for _ in range(ROUNDS):
        alone += answer_times(port, *quiet)
        is_over, count = multiprocessing.Event(), multiprocessing.Value("i", 0)
        crowd = [multiprocessing.Process(target=keep_busy, args=(port, *busy, is_over, count)) for _ in range(PROCESSES)]
        for one in crowd:
            one.start()
        time.sleep(1)
        begun = time.perf_counter()
        beside += answer_times(port, *quiet)
        seconds += time.perf_counter() - begun + 1
        is_over.set()
        for one in crowd:
            one.join()
        sent += count.value
    ratio = statistics.median(beside) / statistics.median(alone)
    print(f"| {name} | {statistics.median(alone):.2f} | {statistics.median(beside):.2f} | {ratio:.1f} | {sent / seconds:.0f} |", flush=True)


def main():
    client.allow_descriptors()
    print("| database | alone, ms | beside 64 clients, ms | ratio | commands a second of the busy one |")
    print("| --- | --- | --- | --- | --- |")
    with Sqlite(orders=2, restaurants=2) as server:
        quiet, busy = ((prepare.order_id(number), client.token(prepare.restaurant_id(number), "staff-0")) for number in (0, 1))
        measure("SQLite", server.port, quiet, busy)
    if os.environ.get("ORDERBELL_TEST_POSTGRES_URL"):
        with on_postgres() as url:
            server = Server(url)
            try:
                (_, *quiet), (_, *busy) = furnish(url, server, 2)
                measure("PostgreSQL", server.port, quiet, busy)
            finally:
                server.stop()


if __name__ == "__main__":
    main()
