"""Frames: the limits in `welcome`, and `sync`, which shows that no event is missing."""

import json
import os
import time

from screen import Closed

SYNC_SECONDS = 30


def step_a_quiet_room_gets_a_sync_within_its_period(restaurant):
    order = restaurant.order("diner-1")["id"]
    screen = restaurant.screen("diner-1")
    room, _ = screen.join(f"order:{order}")
    began = room.cursor
    ack = restaurant.do("diner-2", restaurant.order("diner-2")["id"], "cancel", reason="other")
    sync = screen.until(lambda frame: frame["type"] == "sync", SYNC_SECONDS + 2)
    assert sync["prev"] <= began and room.cursor >= began, f"{sync}"
    while sync["position"] < ack["position"]:
        sync = screen.until(lambda frame: frame["type"] == "sync", SYNC_SECONDS + 2)
    assert room.events == [] and room.cursor >= ack["position"], "a quiet room's cursor grows with the feed"


def step_a_nonce_comes_back_unchanged(restaurant):
    screen = restaurant.screen("staff")
    for nonce in ("a", " spaces ", "", 17):
        screen.send({"type": "ping", "nonce": nonce})
        assert screen.until(lambda frame: frame["type"] == "pong")["nonce"] == nonce


def step_a_frame_that_is_too_large_does_not_affect_other_connections(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    size = screen.welcome["limits"]["frame_bytes"]
    room = screen.socket
    room.send(json.dumps({"type": "ping", "nonce": "x"}).ljust(size))
    screen.until(lambda frame: frame["type"] == "pong")
    try:
        screen.send(json.dumps({"type": "ping"}).ljust(size + 1))
        code = screen.until_closed()
    except Closed as closed:
        code = closed.code
    assert code == 1009, f"closed with {code}"
    neighbour.alive()


def step_a_frame_that_declares_eight_gibibytes_is_refused_at_its_header(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    began = time.monotonic()
    screen.socket.socket.sendall(bytes([0x81, 0x80 | 127]) + (8 << 30).to_bytes(8, "big") + os.urandom(4) + b"x" * 100)
    assert screen.until_closed() == 1009
    assert time.monotonic() - began < 5, "the server waited for the rest"
    neighbour.alive()


def step_a_fragmented_message_has_the_same_limit(restaurant):
    screen, neighbour = restaurant.screen("staff"), restaurant.screen("staff")
    size = screen.welcome["limits"]["frame_bytes"]
    sock, mask = screen.socket.socket, b"\0\0\0\0"
    piece = b" " * 100

    def fragment(opcode):
        return bytes([opcode, 0x80 | len(piece)]) + mask + piece

    try:
        sock.sendall(fragment(0x01))
        for _ in range(size // len(piece) + 1):
            sock.sendall(fragment(0x00))
    except OSError:
        pass  # the server has closed the connection meanwhile, and the close code says why
    assert screen.until_closed() in (1009, 4429), "not closed for its size"
    neighbour.alive()


def step_more_rooms_than_the_limit_are_refused_one_by_one(restaurant):
    screen = restaurant.screen("staff")
    most = screen.welcome["limits"]["rooms"]
    names = [f"order:{restaurant.order(f'diner-{1 + n % 12}')['id']}" for n in range(most + 1)]
    pace = 1 / screen.welcome["limits"]["messages_per_second"]
    for name in names[:most]:
        screen.join(name)
        time.sleep(pace)
    answer = screen.refused(names[most])
    assert (answer["type"], answer.get("code")) == ("error", "too_many_rooms"), f"{answer}"
    screen.send({"type": "unsubscribe", "room": names[0]})
    screen.join(names[most])
    screen.alive()


def step_a_flood_is_warned_then_closed_and_does_not_affect_other_connections(restaurant):
    screen, neighbour = restaurant.screen("diner-1"), restaurant.screen("diner-1")
    told = closed = None
    try:
        for _ in range(200 * screen.welcome["limits"]["messages_per_second"]):
            screen.send('{"type":"ping"}')
        told = screen.until(lambda frame: frame["type"] == "error", 5)
    except Closed as end:
        closed = end.code
    assert (told and told["code"] == "rate_limited") or closed == 4429, f"{told} {closed}"
    neighbour.alive()


def step_subscribing_twice_and_leaving_a_room_that_was_not_joined_are_harmless(restaurant):
    order = restaurant.order("diner-1")["id"]
    screen = restaurant.screen("diner-1")
    screen.send({"type": "unsubscribe", "room": f"order:{order}"})
    for _ in range(3):
        screen.join(f"order:{order}")
    ack = restaurant.do("staff", order, "accept")
    room = screen.rooms[f"order:{order}"]
    screen.see(room, ack["position"])
    screen.alive()
    assert (room.kinds(), room.repeats) == (["order.accepted"], 0), f"{room.kinds()} {room.repeats}"
