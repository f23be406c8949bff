"""Section 2: how a kitchen screen, which has no keyboard, gets its token (RFC 8628)."""

from people import check_pair, check_token
from screen import new_id


def begin(world):
    answer = world.server.call("POST", "/api/v1/devices/pairings")
    assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
    pairing = answer.json
    assert {"user_code", "device_code", "interval"} <= set(pairing), f"{pairing}"
    return pairing


def poll(world, pairing):
    return world.server.call("POST", "/api/v1/devices/token", {"device_code": pairing["device_code"]})


def approve(world, pairing, who="staff", **fields):
    path = f"/api/v1/devices/pairings/{pairing['user_code']}/approval"
    return world.server.call("POST", path, {"name": "Grill", **fields}, world.token(who) if who else None)


def step_a_screen_waits_is_approved_and_gets_its_token_once(world):
    pairing = begin(world)
    for word in ("authorization_pending", "slow_down"):  # the second comes at once, and is told to wait
        answer = poll(world, pairing)
        assert (answer.status, answer.json["error"]) == (400, word), f"{answer.status} {answer.body!r}"
        assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    approved = approve(world, pairing, station="hot")
    assert approved.status in (200, 201, 204), f"{approved.status} {approved.body!r}"
    answer = poll(world, pairing)
    assert answer.status == 200, f"an approved screen is told to wait: {answer.status} {answer.body!r}"
    check_pair(answer.json)
    check_token(world, answer.json["access_token"], "kitchen")
    assert poll(world, pairing).status == 400, "the token was given out twice"
    screen = world.screen(token=answer.json["access_token"])
    room, _ = screen.join(f"kitchen:{world.restaurant}")
    order = world.order("diner-1", *world.dishes("cold")[:1])
    world.do("staff", order["id"], "accept")
    error = screen.command("start_item", order["id"], item=next(iter(order["items"])))
    assert error["code"] == "forbidden", f"the screen is bound to hot: {error}"


def step_only_staff_approve_and_only_a_code_that_a_screen_shows(world):
    pairing = begin(world)
    for who, status, code in (("diner-1", 403, "forbidden"), ("kitchen", 403, "forbidden"), (None, 401, "unauthorized")):
        approve(world, pairing, who).problem(status, code)
    approve(world, {"user_code": "ZZZZ-ZZZZ"}).problem(404, "not_found")
    assert approve(world, pairing, "manager").status in (200, 201, 204)
    approve(world, pairing).problem(404, "not_found")


def step_a_device_code_that_nobody_was_given_is_refused(world):
    answer = poll(world, {"device_code": new_id()})
    assert (answer.status, answer.json["error"]) == (400, "invalid_grant"), f"{answer.status} {answer.body!r}"
