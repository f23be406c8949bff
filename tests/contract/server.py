"""The binary under test: a demo server on a free port with a new database, and an HTTP client for it."""

import json
import os
import select
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

START_SECONDS = 30


class NeverListened(Exception):
    """The server exited or printed no address before it accepted connections."""


class Answer:
    """An HTTP response."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def problem(self, status, code):
        """Checks that this is an RFC 9457 problem with the contract's extra member."""
        assert self.status == status, f"{self.status} and not {status}: {self.body[:300]!r}"
        kind = self.headers.get("content-type", "")
        assert kind.split(";")[0] == "application/problem+json", f"content type {kind!r} of an error"
        assert self.json["code"] == code, f"code {self.json.get('code')} and not {code}"
        assert self.json.get("status", status) == status
        assert self.json.get("title"), "a problem has a title"
        return self.json


class Server:
    """A context manager that runs `orderbell serve`, by default as a demo on loopback."""

    def __init__(self, binary, arguments=None, environment=None):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory(prefix="orderbell-walk.")
        self.database = f"sqlite://{self.folder.name}/walk.db"
        usual = ["--demo", "--bind", "127.0.0.1:0", "--database-url", self.database]
        self.arguments = usual if arguments is None else arguments
        self.more = environment or {}
        self.log = os.path.join(self.folder.name, "log")

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self.folder.cleanup()
            raise
        return self

    def __exit__(self, *_):
        self._stop()
        self.folder.cleanup()

    def restart(self):
        """Stops the server and starts it again in the same folder."""
        self._stop()
        self._start()

    def _start(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", *self.arguments],
                stdout=subprocess.PIPE,
                stderr=log,
                cwd=self.folder.name,
                env={**self.environment(), **self.more},
            )
        try:
            self.base = self._address().replace("0.0.0.0", "127.0.0.1")
        except BaseException:
            self._stop()
            raise

    def _stop(self):
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()

    @staticmethod
    def environment():
        """Returns the environment without the caller's settings for the server."""
        names = ("DATABASE_URL", "REDIS_URL")
        return {key: value for key, value in os.environ.items() if key not in names and not key.startswith("ORDERBELL_")}

    def _address(self):
        """Returns the address in the line that the server prints once it listens."""
        deadline, text = time.monotonic() + START_SECONDS, b""
        while time.monotonic() < deadline:
            if select.select([self.process.stdout], [], [], 0.1)[0]:
                piece = os.read(self.process.stdout.fileno(), 65536)
                if not piece:
                    raise NeverListened(f"the server exited before it listened: {self.log_tail()}")
                text += piece
            self.said = text.decode()
            for line in text.decode().splitlines():
                if line.startswith("listening on http://"):
                    return line.removeprefix("listening on ").rstrip("/")
        raise NeverListened(f"no line `listening on http://…` within {START_SECONDS} s; standard output was {text!r}")

    def log_tail(self):
        with open(self.log, errors="replace") as log:
            return "".join(log.readlines()[-15:])

    def run(self, *arguments, environment=None):
        """Runs another command of the binary on the same database, and returns its standard output."""
        command = [self.binary, *arguments, "--database-url", self.database]
        env = {**self.environment(), **(environment or {})}
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, cwd=self.folder.name, env=env)
        assert done.returncode == 0, f"{' '.join(arguments)}: status {done.returncode}: {done.stderr.strip()}"
        return done.stdout

    def call(self, method, path, body=None, token=None, headers=None):
        """Sends an HTTP request. `body` is sent as JSON, or unchanged when it is bytes."""
        data = body if isinstance(body, (bytes, type(None))) else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers or {})
        if data is not None:
            request.add_header("Content-Type", "application/json")
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        try:
            with urllib.request.urlopen(request, timeout=15) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())

    def get(self, path, token=None, headers=None):
        return self.call("GET", path, token=token, headers=headers)

    def sit(self, key):
        return self.call("POST", "/api/v1/diner-sessions", {"table_key": key})

    def sign_in(self, username, password):
        return self.call("POST", "/api/v1/sessions", {"restaurant": "demo", "username": username, "password": password})
