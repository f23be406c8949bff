"""Checks the files of packaging/proxies against a node of each role.    proxies.py ORDERBELL-BINARY FOLDER

FOLDER is empty but for `keys`, the output of `orderbell keys`. DATABASE_URL and REDIS_URL are set. Needs only the standard
library.
"""

import base64
import http.client
import http.server
import json
import os
import re
import socket
import ssl
import struct
import subprocess
import sys
import threading
import time
import uuid

FILES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/proxies")
COMPOSE = os.path.join(FILES, "../../compose")
DEADLINE = 60
LARGEST = 2 * 1024 * 1024
TABLE = "demo-table-4"
SECRET = "SECRET"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what, condition):
    """Waits for a condition, and returns its first value that is true."""
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline:
        try:
            if value := condition():
                return value
        except OSError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen within {DEADLINE} s")


class Echo(http.server.BaseHTTPRequestHandler):
    """Stands in for a node, and answers with the headers that it has received."""

    def do_GET(self):
        body = json.dumps({name.lower(): value for name, value in self.headers.items()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class StandIn(http.server.ThreadingHTTPServer):
    """The server of the echo. Probes end their connections before the answer, which is no error."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        pass


class Answer:
    """A whole answer."""

    def __init__(self, answer):
        self.status, self.headers, self.body = answer.status, answer.headers, answer.read()

    @property
    def json(self):
        return json.loads(self.body)

    def problem(self, status, code):
        kind = self.headers.get("content-type", "")
        assert self.status in status and kind.startswith("application/problem+json"), (self.status, kind, self.body[:200])
        assert self.json["code"] == code, self.json


class Proxy:
    """A proxy that serves https://localhost:PORT, and its log."""

    def __init__(self, kind, folder, api, realtime):
        self.kind, self.port = kind, free_port()
        self.folder = os.path.join(folder, f"{kind}-{self.port}")
        os.mkdir(self.folder)
        self.context = ssl.create_default_context(cafile=os.path.join(folder, "fullchain.pem"))
        command, environment = getattr(self, kind)(folder, api, realtime)
        self.log_file = os.path.join(self.folder, "log")
        with open(self.log_file, "wb") as log:
            environment = {**os.environ, **environment}
            self.process = subprocess.Popen(command, stdout=log, stderr=log, env=environment, cwd=self.folder)
        until(f"the start of {kind}", lambda: self.call("GET", "/healthz").status == 200)

    def write(self, name, replacements, source=FILES):
        """Writes a shipped file with other names of nodes, ports and certificates."""
        with open(os.path.join(source, name)) as file:
            text = file.read()
        for old, new in replacements:
            assert old in text, (name, old)
            text = text.replace(old, new)
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def nginx(self, folder, api, realtime):
        nodes = [("server api1:8080 max", f"server {api} max"), ("        server api2:8080 max_fails=1 fail_timeout=2s;\n", "")]
        nodes += [("server live1:8080 max", f"server {realtime} max")]
        nodes += [("        server live2:8080 max_fails=1 fail_timeout=2s;\n", "")]
        conf = self.write("nginx.conf", [*nodes, ("listen 8080 backlog=4096;", f"listen 127.0.0.1:{free_port()};")])
        os.mkdir(os.path.join(self.folder, "tls.d"))
        listen = [("listen 8443 ", f"listen 127.0.0.1:{self.port} "), ("/etc/nginx/tls.d/live", folder)]
        os.rename(self.write("tls.conf", listen, COMPOSE), os.path.join(self.folder, "tls.d/tls.conf"))
        pid = f"daemon off; pid {self.folder}/pid;"
        return ["nginx", "-c", conf, "-p", self.folder, "-e", "stderr", "-g", pid], {}

    def haproxy(self, folder, api, realtime):
        nodes = [("api1:8080", api), ("    server api2 api2:8080\n", "")]
        nodes += [("live1:8080", realtime), ("    server live2 live2:8080\n", "")]
        address = [("bind :8443", f"bind 127.0.0.1:{self.port}"), ("/etc/haproxy/orders.pem", os.path.join(folder, "both.pem"))]
        return ["haproxy", "-db", "-f", self.write("haproxy.cfg", [*nodes, *address])], {}

    def caddy(self, folder, api, realtime):
        site = "{$ORDERBELL_SITE:orders.example.com} {\n"
        certificate = f"\ttls {folder}/fullchain.pem {folder}/privkey.pem\n"
        settings = "\tgrace_period 10s\n"
        conf = self.write("Caddyfile", [(site, site + certificate), (settings, settings + "\tauto_https off\n\tadmin off\n")])
        environment = {
            "ORDERBELL_SITE": f"https://localhost:{self.port}",
            "ORDERBELL_API_NODES": api,
            "ORDERBELL_REALTIME_NODES": realtime,
            "HOME": self.folder,
            "XDG_DATA_HOME": self.folder,
            "XDG_CONFIG_HOME": self.folder,
        }
        return ["caddy", "run", "--adapter", "caddyfile", "--config", conf], environment

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def log(self):
        with open(self.log_file, errors="replace") as file:
            return file.read()

    def send(self, method, path, body=None, token=None, headers=None):
        connection = http.client.HTTPSConnection("localhost", self.port, timeout=DEADLINE, context=self.context)
        headers = dict(headers or {})
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if isinstance(body, dict):
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        connection.request(method, path, body, headers)
        return connection.getresponse()

    def call(self, *arguments, **more):
        return Answer(self.send(*arguments, **more))

    def protocol(self):
        context = ssl.create_default_context(cafile=self.context_file())
        context.set_alpn_protocols(["h2", "http/1.1"])
        with socket.create_connection(("127.0.0.1", self.port), DEADLINE) as plain:
            with context.wrap_socket(plain, server_hostname="localhost") as secure:
                return secure.selected_alpn_protocol()

    def context_file(self):
        return os.path.join(os.path.dirname(self.folder), "fullchain.pem")


class WebSocket:
    """As much of a WebSocket as one subscription needs."""

    def __init__(self, proxy, token):
        plain = socket.create_connection(("127.0.0.1", proxy.port), DEADLINE)
        self.socket = proxy.context.wrap_socket(plain, server_hostname="localhost")
        self.file = self.socket.makefile("rb")
        lines = [
            "GET /ws HTTP/1.1",
            f"Host: localhost:{proxy.port}",
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            f"Sec-WebSocket-Protocol: orderbell.v1, bearer.{token}",
            f"Origin: https://localhost:{proxy.port}",
        ]
        self.socket.sendall(("\r\n".join(lines) + "\r\n\r\n").encode())
        self.status = int(self.file.readline().split()[1])
        while self.file.readline().strip():
            pass

    def send(self, frame):
        body = json.dumps(frame).encode()
        assert len(body) < 126
        self.socket.sendall(bytes([0x81, 0x80 | len(body)]) + bytes(4) + body)

    def frame(self):
        while True:
            kind, length = self.file.read(2)
            if length == 126:
                (length,) = struct.unpack("!H", self.file.read(2))
            elif length == 127:
                (length,) = struct.unpack("!Q", self.file.read(8))
            body = self.file.read(length)
            if kind == 0x81:
                return json.loads(body)

    def until(self, condition):
        while not condition(frame := self.frame()):
            pass
        return frame


class Checks:
    """The checks of one proxy. Each is a row of the table."""

    def __init__(self, proxy, echo):
        self.proxy, self.echo = proxy, echo
        people = {"restaurant": "demo", "username": "staff", "password": "staff-demo"}
        staff = proxy.call("POST", "/api/v1/sessions", people).json
        self.staff, self.kitchen = staff["access_token"], f"kitchen:{staff['restaurant']['id']}"
        people = {"restaurant": "demo", "username": "manager", "password": "manager-demo"}
        self.manager = proxy.call("POST", "/api/v1/sessions", people).json["access_token"]
        self.guest = proxy.call("POST", "/api/v1/diner-sessions", {"table_key": TABLE}).json["access_token"]

    def place(self):
        menu = self.proxy.call("GET", "/api/v1/restaurants/demo/menu").json
        dish = next(item for item in menu["items"].values() if item["available"] and not item.get("option_groups"))
        order = {"service": "dine_in", "items": [{"menu_item": dish["id"], "quantity": 1}]}
        key = {"Idempotency-Key": str(uuid.uuid4())}
        placed = self.proxy.call("POST", "/api/v1/restaurants/demo/orders", order, self.guest, key)
        assert placed.status == 201, (placed.status, placed.body)
        return placed.json["id"]

    def headers(self):
        """HTTP/2, headers of the client's address and scheme, not those that the client claims"""
        claims = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "http", "Forwarded": "for=192.0.2.7;proto=http"}
        seen = self.echo.call("GET", "/", headers=claims).json
        assert (seen["x-forwarded-for"], seen["x-forwarded-proto"]) == ("127.0.0.1", "https"), seen
        assert not seen.get("forwarded") and seen["host"] == f"localhost:{self.echo.port}", seen
        assert "strict-transport-security" in self.proxy.call("GET", "/staff").headers
        assert self.proxy.protocol() == "h2"

    def websocket(self):
        """a WebSocket on the realtime node gets an order that the API node took"""
        screen = WebSocket(self.proxy, self.staff)
        assert screen.status == 101, screen.status
        screen.send({"type": "subscribe", "room": self.kitchen})
        screen.until(lambda frame: frame["type"] == "live")
        order = self.place()
        screen.until(lambda frame: frame["type"] == "event" and frame["event"].get("order") == order)
        screen.socket.close()

    def stream(self):
        """events over SSE arrive while the answer is open, and polls wait"""
        stream = self.proxy.send("GET", f"/api/v1/rooms/{self.kitchen}/stream", token=self.staff)
        assert stream.status == 200
        while not stream.readline().startswith(b"data:"):
            pass
        order = self.place()
        while order.encode() not in stream.readline():
            pass
        stream.close()
        since = self.proxy.call("GET", f"/api/v1/rooms/{self.kitchen}/events?wait=0", token=self.staff).json["position"]
        epoch = self.proxy.call("GET", f"/api/v1/rooms/{self.kitchen}/events?wait=0", token=self.staff).json["epoch"]
        path = f"/api/v1/rooms/{self.kitchen}/events?since={since}&epoch={epoch}&wait=2"
        assert self.proxy.call("GET", path, token=self.staff).status == 200

    def limits(self):
        """menus of 2 MiB pass, larger bodies and /metrics do not"""
        menu = "/api/v1/restaurants/demo/menu"
        put = self.proxy.call("PUT", menu, b" " * LARGEST, self.manager, {"Content-Type": "application/json"})
        assert put.status == 400, f"the node reads it, and refuses it as empty: {put.status} {put.body[:200]}"
        # Only the head, since a proxy may close the connection of a body that it does not read.
        larger = {"Content-Length": str(LARGEST + 1)}
        self.proxy.call("PUT", menu, None, self.manager, larger).problem([413], "too_large")
        for path in ("/metrics", "/%6detrics"):
            self.proxy.call("GET", path).problem([404], "not_found")

    def secrets(self):
        """requests with secrets, which the log must not repeat"""
        for path in (f"/t/{TABLE}", f"//t//{TABLE}", f"/staff?token={SECRET}", f"/nowhere/{SECRET}", f"/%74/{TABLE}?{SECRET}"):
            self.proxy.call("GET", path, headers={"Referer": f"https://localhost/t/{TABLE}"})

    def down(self):
        """without nodes, the answer is a problem that asks to try again"""
        answer = until("the loss of the nodes", lambda: (a := self.proxy.call("GET", f"/t/{TABLE}")).status >= 500 and a)
        answer.problem([502, 503, 504], "unavailable")
        assert answer.headers["retry-after"] == "1", answer.headers
        for path in (f"/api/v1/rooms/{self.kitchen}/events?{SECRET}", f"/api/v1/restaurants/{SECRET}/menu"):
            self.proxy.call("GET", path, token=self.staff).problem([502, 503, 504], "unavailable")

    def log(self):
        """the log has one line for each request, without keys, tokens and queries"""
        log = until("the log", lambda: (text := self.proxy.log()).count("api/v1/restaurants") >= 5 and text)
        assert re.search(r"/?t\b.*\b200\b", log) and re.search(r"\b50[234]\b", log), "the control: requests are logged"
        for secret in (TABLE, SECRET, self.staff, self.guest, self.kitchen):
            lines = [line for line in log.splitlines() if secret in line]
            assert not lines, f"{secret[:12]} in {lines[0][:300]}"


def nodes(binary, folder):
    """Starts a node of each role, and returns their processes and addresses."""
    with open(os.path.join(folder, "keys")) as file:
        keys = [line.strip() for line in file]
    started = []
    for role, key in (("api", keys[1]), ("realtime", keys[3])):
        address = f"127.0.0.1:{free_port()}"
        command = [binary, "serve", "--role", role, "--bind", address, "--trust-forwarded-for"]
        command += ["--demo"] if role == "api" else []
        environment = {**os.environ, "ORDERBELL_JWT_KEYS": key}
        with open(os.path.join(folder, f"{role}.log"), "wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
        started.append((process, address))
        try:
            until(f"the start of {role}", lambda: ready(address))
        except AssertionError:
            with open(log.name) as log:
                sys.exit(f"the node of {role} did not start: {log.read()[-2000:]}")
    return started


def ready(address):
    connection = http.client.HTTPConnection(address, timeout=DEADLINE)
    connection.request("GET", "/readyz")
    return connection.getresponse().status == 200


def certify(folder):
    key, chain = os.path.join(folder, "privkey.pem"), os.path.join(folder, "fullchain.pem")
    new = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([*new, *names, "-keyout", key, "-out", chain], check=True, capture_output=True)
    with open(os.path.join(folder, "both.pem"), "wb") as both:
        for path in (chain, key):
            with open(path, "rb") as file:
                both.write(file.read())


def run(name, proxy, check):
    """Runs a check, and prints its row. Returns whether it passed."""
    try:
        check()
        result = "ok"
    except Exception as error:  # a check may fail in any way, and the others are still of interest
        result = f"FAILED: {type(error).__name__}: {error}"
    print(f"{proxy.kind:8} {name:10} {result:6} {check.__doc__ if result == 'ok' else ''}", flush=True)
    return result == "ok"


def main(binary, folder):
    certify(folder)
    echo = StandIn(("127.0.0.1", 0), Echo)
    threading.Thread(target=echo.serve_forever, daemon=True).start()
    stand_in = f"127.0.0.1:{echo.server_address[1]}"
    running, proxies, passed = nodes(binary, folder), [], []
    try:
        addresses = [address for _, address in running]
        for kind in ("nginx", "haproxy", "caddy"):
            proxies += [Proxy(kind, folder, *addresses), Proxy(kind, folder, stand_in, stand_in)]
        suites = [Checks(proxy, other) for proxy, other in zip(proxies[::2], proxies[1::2])]
        for suite in suites:
            for name in ("headers", "websocket", "stream", "limits", "secrets"):
                passed.append(run(name, suite.proxy, getattr(suite, name)))
        for process, _ in running:
            process.kill()
            process.wait()
        for suite in suites:
            for name in ("down", "log"):
                passed.append(run(name, suite.proxy, getattr(suite, name)))
    finally:
        for process, _ in running:
            process.kill()
        for proxy in proxies:
            proxy.stop()
    print(f"{passed.count(True)} passed, {passed.count(False)} failed")
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
