"""Places an order on one node and waits for it on another.    cross.py FIRST-NODE OTHER-NODE

Acts as a guest and a waiter of the demo restaurant. Needs only the standard library.
"""

import json
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid


def call(method, url, token=None, body=None, headers=None):
    """Makes an HTTP call, and returns the JSON of its answer."""
    request = urllib.request.Request(url, method=method, headers=headers or {})
    if token:
        request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
        request.data = json.dumps(body).encode()
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def wait_for_orders(room, staff, since, seen):
    """Polls the room until an event arrives. Appends each event with its time to `seen`."""
    path = f"{room}/events?since={since['position']}&epoch={since['epoch']}&wait=20"
    for frame in call("GET", path, staff)["frames"]:
        if frame["type"] == "event":
            seen.append((time.monotonic(), frame["event"]))


def main(first, other):
    waiter = {"restaurant": "demo", "username": "staff", "password": "staff-demo"}
    staff = call("POST", f"{other}/api/v1/sessions", body=waiter)
    guest = call("POST", f"{first}/api/v1/diner-sessions", body={"table_key": "demo-table-7"})
    room = f"{other}/api/v1/rooms/kitchen:{staff['restaurant']['id']}"
    since = call("GET", f"{room}/events?wait=0", staff["access_token"])
    seen = []
    screen = threading.Thread(target=wait_for_orders, args=(room, staff["access_token"], since, seen))
    screen.start()
    time.sleep(0.5)  # until the other node waits

    dishes = call("GET", f"{first}/api/v1/restaurants/demo/menu")["items"].values()
    dish = next(dish for dish in dishes if dish["available"])
    order = {"service": "dine_in", "items": [{"menu_item": dish["id"], "quantity": 1}]}
    key = {"Idempotency-Key": str(uuid.uuid4())}
    tapped = time.monotonic()
    placed = call("POST", f"{first}/api/v1/restaurants/demo/orders", guest["access_token"], order, key)
    answered = time.monotonic()
    screen.join()
    shown = next((at for at, event in seen if event.get("order") == placed["id"]), None)
    if shown is None:
        sys.exit(f"order {placed['number']} did not arrive at {other}")
    print(f"order {placed['number']} ({dish['name']}, table {placed['table']})")
    print(f"  placed on {first}, answered after {(answered - tapped) * 1000:.0f} ms")
    print(f"  seen on   {other} after {(shown - tapped) * 1000:.0f} ms")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except urllib.error.URLError as error:
        sys.exit(f"no node answers as it should ({error}); is scripts/cluster running?")
