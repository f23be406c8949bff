#!/usr/bin/env python3
"""Fills a migrated, empty SQLite database with the restaurants and orders for the scenarios of the load generator.

    prepare.py DATABASE [ORDERS] [RESTAURANTS]

Order n has the id 00000000-0000-7000-8000-<n in 12 decimal digits> and belongs to restaurant n mod RESTAURANTS, whose id is
00000000-0000-7000-9000-<its number>. Each order is accepted and has one item. Its two events are in the feed.
"""

import json
import sqlite3
import sys
import time
import uuid

STAMP = "2026-11-24T10:00:00.000Z"


def restaurant_id(number):
    return uuid.UUID(f"00000000-0000-7000-9000-{number:012}")


def order_id(number):
    return uuid.UUID(f"00000000-0000-7000-8000-{number:012}")


def made_id(kind, number):
    return uuid.UUID(f"00000000-0000-7000-{kind}-{number:012}")


def placed(number, restaurant, position, serial):
    price = {"amount": 900, "currency": "BDT"}
    item = {
        "menu_item": str(made_id("a000", 1)), "name": "Beef rezala", "quantity": 1, "station": "hot", "status": "queued", "price": price,
    }  # fmt: skip
    return {
        "id": str(order_id(number)), "restaurant": str(restaurant_id(restaurant)), "number": serial, "position": position,
        "status": "placed", "service": "dine_in", "table": "7", "rush": False, "placed_at": STAMP, "total": price,
        "items": {str(made_id("a001", number)): item},
    }  # fmt: skip


def add_restaurant(database, number, ours, now):
    """Adds a restaurant, and its orders with the numbers `ours`."""
    key = restaurant_id(number).bytes
    row = (key, f"bench-{number}", f"Bench {number}", "BDT", 20, now)
    database.execute("INSERT INTO restaurants (id, slug, name, currency, default_minutes, created_at) VALUES (?, ?, ?, ?, ?, ?)", row)
    database.execute("INSERT INTO feeds (restaurant, head, next_number) VALUES (?, ?, ?)", (key, 2 * len(ours), len(ours) + 1))
    menu = {"restaurant": str(restaurant_id(number)), "position": 0, "currency": "BDT", "paused": False, "categories": {}, "items": {}}
    database.execute("INSERT INTO menus (restaurant, document, next_lapse) VALUES (?, ?, NULL)", (key, json.dumps(menu)))
    for serial, order in enumerate(ours, 1):
        add_order(database, key, order, placed(order, number, 2 * serial - 1, serial), now)


def add_order(database, restaurant, number, document, now):
    position = document["position"]
    change = {"position": position + 1, "status": "accepted", "accepted_at": STAMP, "promised_at": STAMP}
    add_event(database, restaurant, position, "order.placed", number, document, now)
    add_event(database, restaurant, position + 1, "order.accepted", number, change, now)
    row = (restaurant, order_id(number).bytes, document["number"], "accepted", 1, None, json.dumps({**document, **change}))
    database.execute("INSERT INTO orders (restaurant, id, number, status, is_open, diner, document) VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def add_event(database, restaurant, position, kind, number, patch, now):
    event = made_id("a002" if kind == "order.placed" else "a003", number).bytes
    row = (restaurant, position, event, kind, 1, order_id(number).bytes, now, "staff", None, json.dumps(patch))
    database.execute(
        "INSERT INTO events (restaurant, position, id, kind, topic, order_id, at, by_role, command, patch)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        row,
    )


def main():
    orders = int(sys.argv[2]) if len(sys.argv) > 2 else 1000
    restaurants = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    database = sqlite3.connect(sys.argv[1])
    now = int(time.time() * 1_000_000)
    with database:
        for number in range(restaurants):
            add_restaurant(database, number, range(number, orders, restaurants), now)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    print(f"{orders} orders of {restaurants} restaurants")


if __name__ == "__main__":
    main()
