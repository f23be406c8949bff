"""Frames: the server refuses a handshake before the upgrade."""

import base64
import os
import socket

from screen import Screen


def upgrade(restaurant, protocols=None, path="/ws", **headers):
    """Sends a handshake by hand. Returns the status and the headers of the answer."""
    host, port = restaurant.server.base.removeprefix("http://").split(":")
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {host}:{port}", "Connection: Upgrade", "Upgrade: websocket",
        "Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
    ]  # fmt: skip
    lines += [f"Sec-WebSocket-Protocol: {protocols}"] if protocols else []
    lines += [f"{name}: {value}" for name, value in headers.items()]
    with socket.create_connection((host, int(port)), timeout=10) as raw:
        raw.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        head = b""
        while b"\r\n\r\n" not in head:
            piece = raw.recv(4096)
            if not piece:
                break
            head += piece
    first, *rest = head.split(b"\r\n\r\n")[0].decode().split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in rest if ": " in line)
    return int(first.split()[1]), fields


def step_the_server_answers_with_the_subprotocol_orderbell_v1(restaurant):
    status, fields = upgrade(restaurant, f"orderbell.v1, bearer.{restaurant.token('staff')}")
    assert (status, fields.get("sec-websocket-protocol")) == (101, "orderbell.v1"), f"{status} {fields}"


def step_a_token_in_the_header_is_accepted_too(restaurant):
    for scheme in ("Bearer", "bearer", "BEARER"):
        status, fields = upgrade(restaurant, "orderbell.v1", Authorization=f"{scheme} {restaurant.token('staff')}")
        assert (status, fields.get("sec-websocket-protocol")) == (101, "orderbell.v1"), f"{scheme}: {status} {fields}"


def step_a_handshake_without_a_valid_token_gets_401(restaurant):
    token = restaurant.token("staff")
    for protocols in ("orderbell.v1", "orderbell.v1, bearer.", "orderbell.v1, bearer.rubbish", f"orderbell.v1, bearer.{token}x"):
        status, _ = upgrade(restaurant, protocols)
        assert status == 401, f"{status} for {protocols[:30]}…"


def step_a_token_in_the_address_is_ignored(restaurant):
    for name in ("token", "access_token", "bearer"):
        status, _ = upgrade(restaurant, "orderbell.v1", path=f"/ws?{name}={restaurant.token('staff')}")
        assert status == 401, f"{status} for ?{name}="


def step_a_handshake_without_the_subprotocol_gets_400_or_426(restaurant):
    for protocols in (None, "other.v1", "orderbell.v2"):
        status, _ = upgrade(restaurant, protocols, Authorization=f"Bearer {restaurant.token('staff')}")
        assert status in (400, 426), f"{status} for {protocols}"
    status, _ = upgrade(restaurant, f"bearer.{restaurant.token('staff')}")
    assert status in (400, 426), f"{status} with the token alone"


def step_a_foreign_origin_gets_403(restaurant):
    protocols = f"orderbell.v1, bearer.{restaurant.token('staff')}"
    own = restaurant.server.base
    for origin in ("https://evil.example", own + ".evil.example", own[:-1], "null"):
        status, _ = upgrade(restaurant, protocols, Origin=origin)
        assert status == 403, f"{status} for {origin}"
    status, _ = upgrade(restaurant, protocols, Origin=own)
    assert status == 101, f"{status} for the server's own origin"


def step_a_plain_get_is_not_an_upgrade(restaurant):
    answer = restaurant.server.get("/ws", restaurant.token("staff"))
    assert answer.status in (400, 426), f"{answer.status}"


def step_the_first_frame_is_a_welcome_with_limits(restaurant):
    screen = restaurant.screen("staff")
    assert (screen.welcome["role"], screen.welcome["restaurant"]) == ("staff", restaurant.id)
    limits = screen.welcome["limits"]
    assert limits["frame_bytes"] >= 4096 and limits["rooms"] >= 2 and limits["messages_per_second"] >= 1
    other = restaurant.screen("diner-2")
    assert other.welcome["epoch"] == screen.welcome["epoch"], "one epoch for all"
    assert other.welcome["connection"] != screen.welcome["connection"], "each connection has its own name"



def step_a_client_without_an_origin_is_accepted(restaurant):
    assert isinstance(restaurant.screen("kitchen"), Screen)
