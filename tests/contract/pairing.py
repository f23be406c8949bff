"""Tokens: how a kitchen screen, which has no keyboard, gets its token (RFC 8628)."""

from people import check_pair, check_token
from screen import new_id


def begin(restaurant):
    answer = restaurant.server.call("POST", "/api/v1/devices/pairings")
    assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
    pairing = answer.json
    assert {"user_code", "device_code", "interval"} <= set(pairing), f"{pairing}"
    return pairing


def poll(restaurant, pairing):
    return restaurant.server.call("POST", "/api/v1/devices/token", {"device_code": pairing["device_code"]})


def approve(restaurant, pairing, who="staff", **fields):
    path = f"/api/v1/devices/pairings/{pairing['user_code']}/approval"
    return restaurant.server.call("POST", path, {"name": "Grill", **fields}, restaurant.token(who) if who else None)


def step_a_screen_waits_is_approved_and_gets_its_token_once(restaurant):
    pairing = begin(restaurant)
    for word in ("authorization_pending", "slow_down"):  # the second poll comes too early, and is told to slow down
        answer = poll(restaurant, pairing)
        assert (answer.status, answer.json["error"]) == (400, word), f"{answer.status} {answer.body!r}"
        assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    approved = approve(restaurant, pairing, station="hot")
    assert approved.status in (200, 201, 204), f"{approved.status} {approved.body!r}"
    answer = poll(restaurant, pairing)
    assert answer.status == 200, f"an approved screen is told to wait: {answer.status} {answer.body!r}"
    check_pair(answer.json)
    check_token(restaurant, answer.json["access_token"], "kitchen")
    assert poll(restaurant, pairing).status == 400, "the token was issued twice"
    screen = restaurant.screen(token=answer.json["access_token"])
    room, _ = screen.join(f"kitchen:{restaurant.id}")
    order = restaurant.order("diner-1", *restaurant.dishes("cold")[:1])
    restaurant.do("staff", order["id"], "accept")
    error = screen.command("start_item", order["id"], item=next(iter(order["items"])))
    assert error["code"] == "forbidden", f"the screen is bound to hot: {error}"


def step_only_staff_approve_and_only_a_code_that_a_screen_shows(restaurant):
    pairing = begin(restaurant)
    for who, status, code in (("diner-1", 403, "forbidden"), ("kitchen", 403, "forbidden"), (None, 401, "unauthorized")):
        approve(restaurant, pairing, who).problem(status, code)
    approve(restaurant, {"user_code": "ZZZZ-ZZZZ"}).problem(404, "not_found")
    assert approve(restaurant, pairing, "manager").status in (200, 201, 204)
    approve(restaurant, pairing).problem(404, "not_found")


def step_an_unknown_device_code_is_refused(restaurant):
    answer = poll(restaurant, {"device_code": new_id()})
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), f"{answer.status} {answer.body!r}"
