"""Screens and callers of a server under measurement, on plain sockets. Needs only Python."""

import base64
import hashlib
import hmac
import http.client
import json
import os
import resource
import select
import socket
import time

KEY_ID = "growth"
SECRET = "a-secret-for-measuring-that-guards-nothing"
EVENT = b'"type":"event"'
LIVE = b'"type":"live"'
PATIENCE = 60
IDLE = 30


def allow_descriptors():
    """Lets this process and its children open as many sockets as the system allows."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


def part(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=")


def token(restaurant, sub, role="staff"):
    """Returns a signed access token with its own session, valid for an hour."""
    now = int(time.time())
    claims = {
        "iss": "orderbell", "aud": "orderbell", "sub": sub, "role": role, "restaurant": str(restaurant), "sid": f"s-{sub}",
        "iat": now - 5, "exp": now + 3600, "jti": f"j-{sub}",
    }  # fmt: skip
    header = {"alg": "HS256", "typ": "JWT", "kid": KEY_ID}
    signed = b".".join(part(json.dumps(each).encode()) for each in (header, claims))
    return (signed + b"." + part(hmac.new(SECRET.encode(), signed, hashlib.sha256).digest())).decode()


def text_frame(text):
    """Returns a masked text frame. The mask is zero, which leaves the payload unchanged."""
    payload = text.encode()
    if len(payload) < 126:
        return bytes([0x81, 0x80 | len(payload)]) + bytes(4) + payload
    return bytes([0x81, 0x80 | 126]) + len(payload).to_bytes(2, "big") + bytes(4) + payload


class Caller:
    """One persistent HTTP connection."""

    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        self.used_at = 0

    def call(self, method, path, token, body=None, more=None):
        """Sends a call that must succeed, and returns the text of its answer."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **(more or {})}
        if time.monotonic() - self.used_at > IDLE:
            self.connection.close()  # the server may have closed it; the next call opens it again
        self.used_at = time.monotonic()
        self.connection.request(method, path, body and json.dumps(body), headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status // 100 != 2:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:300]}")
        return text


class Screen:
    """One WebSocket."""

    def __init__(self, port, token):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.rest = b""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Protocol: orderbell.v1, bearer.{token}\r\n\r\n".encode()
        )
        self.read_until(b'"type":"welcome"')

    def read_until(self, mark):
        """Reads until a mark arrives, and returns everything read."""
        read = b""
        while mark not in read:
            chunk = self.socket.recv(1 << 20)
            if not chunk:
                raise SystemExit(f"the server closed a connection before {mark!r}: {read[-300:]!r}")
            read += chunk
        return read

    def join(self, room, since=None):
        """Joins a room, and waits until it is live."""
        self.send_join(room, since)
        return self.read_until(LIVE)

    def send_join(self, room, since=None):
        cursor = "" if since is None else f',"since":{since}'
        self.socket.sendall(text_frame(f'{{"type":"subscribe","room":"{room}"{cursor}}}'))

    def count_events(self):
        """Reads what has arrived, and returns the number of events in it."""
        chunk = self.socket.recv(1 << 18)
        if not chunk:
            raise SystemExit("the server closed a connection")
        read = self.rest + chunk
        self.rest = read[1 - len(EVENT) :]
        return read.count(EVENT)

    def close(self):
        self.socket.close()


class Crowd:
    """Screens that are read together."""

    def __init__(self):
        self.screens = {}
        self.poll = select.epoll()

    def __len__(self):
        return len(self.screens)

    def add(self, screen):
        self.screens[screen.socket.fileno()] = screen
        self.poll.register(screen.socket.fileno(), select.EPOLLIN)

    def await_events(self, count):
        """Reads until all screens together have received this number of events."""
        deadline = time.monotonic() + PATIENCE
        while count > 0:
            if time.monotonic() > deadline:
                raise SystemExit(f"{count} events did not come")
            for descriptor, _ in self.poll.poll(1):
                count -= self.screens[descriptor].count_events()

    def close(self):
        for screen in self.screens.values():
            screen.close()
        self.poll.close()
