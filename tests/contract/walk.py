#!/usr/bin/env python3
"""Walks through the wire contract against the built binary: HTTP by the standard library, WebSocket by `websockets`.

    walk.py PATH-TO-BINARY          (or ORDERBELL_BIN in the environment)

The steps are independent of the server's code: they rely only on docs/protocol.md. A failing step prints what it saw, and the
walk continues with the next one. The last line is `N passed, N failed`.
"""

import os
import sys
import time
import traceback

import bad_input
import handshake
import limits
import orders
import pairing
import people
import rooms
import sessions
import starting
import transports
import webhooks
from restaurant import TestRestaurant
from server import NeverListened, Server

CHAPTERS = [people, pairing, handshake, orders, rooms, bad_input, sessions, transports, limits, webhooks, starting]


def steps_of(chapter):
    """Returns the steps of a chapter, in the order of the file."""
    return [step for name, step in vars(chapter).items() if name.startswith("step_")]


def run(step, restaurant):
    """Runs a step and prints the result. Returns whether it passed."""
    name = f"{step.__module__}: {step.__name__.removeprefix('step_').replace('_', ' ')}"
    began = time.monotonic()
    try:
        step(restaurant)
    except Exception as error:  # a step may fail in any way, and the walk continues
        where = traceback.extract_tb(error.__traceback__)[1:]
        print(f"FAILED  {name}\n        {type(error).__name__}: {error}")
        for frame in where[-4:]:
            print(f"        at {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}")
        return False
    finally:
        restaurant.leave()
    print(f"ok      {name} ({time.monotonic() - began:.1f} s)")
    return True


def main():
    binary = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("ORDERBELL_BIN")
    if not binary or not os.access(binary, os.X_OK):
        sys.exit(f"walk.py: no binary at {binary}: pass its path, or set ORDERBELL_BIN")
    passed = failed = 0
    try:
        with Server(os.path.abspath(binary)) as server:
            restaurant = TestRestaurant(server)
            for step in (step for chapter in CHAPTERS for step in steps_of(chapter)):
                if run(step, restaurant):
                    passed += 1
                else:
                    failed += 1
            if failed:
                print("the server's log ends with:\n" + server.log_tail())
    except NeverListened as error:
        print(f"FAILED  the server starts\n        {error}")
        failed += 1
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
