#!/usr/bin/env python3
"""Measures the memory of idle, authenticated, subscribed connections, and prints a table.

    memory.py [CONNECTIONS …]    1000 10000 18700 by default, about the most that a node takes with 20,000 descriptors

The base is a server with a hundred connections, so that memory allocated once for the first connections does not count. Each
row is the difference from that base, divided by the number of added connections: the proportional set size of the process
(`smaps_rollup`), and separately the kernel's memory for both ends: objects of sockets and descriptors (`slabinfo`, only as
root), and buffers of sockets (`sockstat`). ORDERBELL_BIN is the optimized binary (default target/release/orderbell). Needs
only Python.
"""

import resource
import sys
import time

import client
from live import grow
from server import Sqlite

BASE = 100
SLABS = ("TCP", "sock_inode_cache", "filp", "eventpoll_epi")
PAGE = resource.getpagesize()


def resident(server):
    with open(f"/proc/{server.pid}/smaps_rollup") as lines:
        return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def slabs():
    """Returns the bytes of the kernel's objects for sockets, or None if only root may read them."""
    try:
        with open("/proc/slabinfo") as lines:
            rows = [line.split() for line in lines]
    except PermissionError:
        return None
    return sum(int(row[1]) * int(row[3]) for row in rows if row[0] in SLABS)


def queued():
    with open("/proc/net/sockstat") as lines:
        (line,) = [line.split() for line in lines if line.startswith("TCP:")]
    return int(line[line.index("mem") + 1]) * PAGE


def settled(server):
    """Returns the memory of the process and the kernel, once it changes by at most 64 KiB a second."""
    before, deadline = resident(server), time.monotonic() + 20
    while True:
        time.sleep(1)
        now = resident(server)
        if abs(now - before) < 65_536 or time.monotonic() > deadline:
            return now, slabs(), queued()
        before = now


def measure(size, members):
    rooms = size // members + BASE
    with Sqlite(orders=rooms, restaurants=20) as server:
        crowd = client.Crowd()
        grow(crowd, server, BASE, 20, lambda number: number // members)
        base, kernel, sent = settled(server)
        grow(crowd, server, BASE + size, 20, lambda number: number // members)
        full, full_kernel, full_sent = settled(server)
        crowd.close()
    own = (full - base) / size / 1024
    objects = "–" if kernel is None else f"{(full_kernel - kernel) / size / 1024:.1f}"
    print(f"| {size:,} | {members} | {base / 1_048_576:.1f} | {own:.2f} | {objects} | {(full_sent - sent) / size / 1024:.2f} |", flush=True)


def main():
    sizes = [int(size) for size in sys.argv[1:]] or [1000, 10_000, 18_700]
    client.allow_descriptors()
    print("| connections | in a room | base, MB | KB a connection | objects of the kernel, both ends, KB | buffers of sockets, both ends, KB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for members in (10, 1):
        for size in sizes:
            measure(size, members)


if __name__ == "__main__":
    main()
