"""The demo restaurant: its people and their usual actions."""

from frames import check_order
from screen import Screen, new_id

RESTAURANT = "demo"


class TestRestaurant:
    """Tokens by role, issued on first use, and the screens of the current step."""

    def __init__(self, server):
        self.server = server
        self._tokens = {}
        self._screens = []
        self._menu = None

    def login(self, username):
        body = {"restaurant": RESTAURANT, "username": username, "password": f"{username}-demo"}
        answer = self.server.call("POST", "/api/v1/sessions", body)
        assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
        return answer.json

    def sit_down(self, table):
        answer = self.server.call("POST", "/api/v1/diner-sessions", {"table_key": f"demo-table-{table}"})
        assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
        return answer.json

    def token(self, who):
        """Returns the token of `staff`, `manager`, `kitchen`, `kitchen-hot` (bound to a station), or `diner-7` (at a table)."""
        if who not in self._tokens:
            role, _, detail = who.partition("-")
            if role == "diner":
                self._tokens[who] = self.sit_down(detail)["access_token"]
            elif role == "kitchen":
                station = ["--station", detail] if detail else []
                token = self.server.run("token", "--role", "kitchen", "--restaurant", RESTAURANT, *station)
                self._tokens[who] = token.strip()
            else:
                self._tokens[who] = self.login(who)["access_token"]
        return self._tokens[who]

    def screen(self, who=None, token=None):
        screen = Screen(self.server, token or self.token(who))
        self._screens.append(screen)
        return screen

    def leave(self):
        """Closes the screens of a step."""
        for screen in self._screens:
            screen.close()
        self._screens = []

    @property
    def id(self):
        return self.server.get(f"/api/v1/restaurants/{RESTAURANT}").json["id"]

    @property
    def menu(self):
        if self._menu is None:
            self._menu = self.server.get(f"/api/v1/restaurants/{RESTAURANT}/menu").json
        return self._menu

    def menu_now(self):
        return self.server.get(f"/api/v1/restaurants/{RESTAURANT}/menu").json

    def dishes(self, station=None):
        """Returns the ids of the available dishes in the menu's order, of all stations or of one."""
        dishes = self.menu["items"].items()
        return [key for key, dish in dishes if dish["available"] and station in (None, dish["station"])]

    def basket(self, *dishes, **more):
        lines = [{"menu_item": dish, "quantity": 1, "options": []} for dish in dishes or self.dishes()[:2]]
        return {"service": "dine_in", "items": lines, **more}

    def post_order(self, who, basket, key=None):
        headers = {"Idempotency-Key": key or new_id()}
        return self.server.call("POST", f"/api/v1/restaurants/{RESTAURANT}/orders", basket, self.token(who), headers)

    def order(self, who="diner-1", *dishes):
        """Places an order and returns its document."""
        answer = self.post_order(who, self.basket(*dishes) if who.startswith("diner") else self.basket(*dishes, table="1"))
        assert answer.status == 201, f"{answer.status} {answer.body!r}"
        check_order(answer.json)
        return answer.json

    def document(self, order, who="staff"):
        answer = self.server.get(f"/api/v1/orders/{order}", self.token(who))
        assert answer.status == 200, f"{answer.status} {answer.body!r}"
        check_order(answer.json)
        return answer.json

    def post_command(self, who, order, action, **fields):
        body = {"id": new_id(), "action": action, **fields}
        return self.server.call("POST", f"/api/v1/orders/{order}/commands", body, self.token(who))

    def do(self, who, order, action, **fields):
        """Sends a command that must be acknowledged, and returns the ack."""
        answer = self.post_command(who, order, action, **fields)
        assert answer.status == 200, f"{action}: {answer.status} {answer.body!r}"
        return answer.json
