"""Webhooks, received and verified by the library of Standard Webhooks."""

import http.server
import queue
import threading

from screen import new_id
from server import Server
from standardwebhooks import Webhook, WebhookVerificationError

RECEIVER_SECONDS = 30
BASE = "/api/v1/restaurants/demo/webhooks"


class Receiver:
    """A receiver on loopback, which answers with the given statuses and then with 204."""

    def __init__(self, *statuses):
        self.requests = queue.Queue()
        left = list(statuses)
        requests = self.requests

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["content-length"]))
                requests.put(({name.lower(): value for name, value in self.headers.items()}, body))
                self.send_response(left.pop(0) if left else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    def next(self):
        return self.requests.get(timeout=RECEIVER_SECONDS)


def step_a_receiver_verifies_each_message_and_reads_the_feed_in_order(restaurant):
    environment = {"ORDERBELL_WEBHOOK_INTERNAL_HOSTS": "127.0.0.1"}
    with Server(restaurant.server.binary, environment=environment) as server, Receiver(500) as receiver:
        other = type(restaurant)(server)
        answer = server.call("POST", BASE, {"url": receiver.url}, token=other.token("manager"))
        assert answer.status == 201, answer.body
        webhook = answer.json
        item = next(iter(other.menu["items"].values()))
        basket = {"service": "takeaway", "items": [{"menu_item": item["id"], "quantity": 1}]}
        for _ in range(3):
            headers = {"Idempotency-Key": new_id()}
            placed = server.call("POST", "/api/v1/restaurants/demo/orders", basket, token=other.token("staff"), headers=headers)
            assert placed.status == 201, placed.body
        library, cursor, seen, kinds = Webhook(webhook["secret"]), webhook["head"], set(), []
        headers, body = receiver.next()
        refused = headers["webhook-id"]
        while cursor < server.call("GET", f"{BASE}/{webhook['id']}", token=other.token("manager")).json["head"]:
            headers, body = receiver.next()
            data = library.verify(body, headers)["data"]
            if not seen:
                assert headers["webhook-id"] == refused, "sent again under the same id"
            assert headers["webhook-id"] not in seen and data["after"] == cursor, "in order, without a gap"
            seen.add(headers["webhook-id"])
            kinds += [each["event"]["kind"] for each in data["events"]]
            cursor = data["through"]
        assert kinds.count("order.placed") == 3, kinds
        for wrong in ({**headers, "webhook-id": "x"}, {**headers, "webhook-timestamp": "1"}):
            try:
                library.verify(body, wrong)
            except WebhookVerificationError:
                continue
            raise AssertionError(f"verified: {wrong}")
