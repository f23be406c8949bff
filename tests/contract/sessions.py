"""Section 2: refreshing, spent tokens, and sessions that end under a live connection."""


def refresh(world, token):
    return world.server.call("POST", "/api/v1/sessions/refresh", {"refresh_token": token})


def step_a_refresh_rotates_both_tokens(world):
    first = world.login("staff")
    answer = refresh(world, first["refresh_token"])
    assert answer.status in (200, 201), f"{answer.status} {answer.body!r}"
    second = answer.json
    assert second["refresh_token"] != first["refresh_token"] and second["access_token"] != first["access_token"]
    world.screen(token=second["access_token"]).alive()
    assert refresh(world, second["refresh_token"]).status in (200, 201), "the new one works in its turn"


def step_an_answer_that_was_lost_is_given_again(world):
    first = world.login("staff")
    screen = world.screen(token=first["access_token"])
    second = refresh(world, first["refresh_token"]).json
    again = refresh(world, first["refresh_token"])
    assert again.status in (200, 201), f"{again.status} {again.body!r}"
    assert again.json["refresh_token"] == second["refresh_token"], "the same successor"
    world.screen(token=again.json["access_token"]).alive()
    screen.alive()


def step_an_older_refresh_token_ends_the_session_and_its_connections(world):
    first = world.login("staff")
    screen = world.screen(token=first["access_token"])
    second = refresh(world, first["refresh_token"]).json
    third = refresh(world, second["refresh_token"]).json
    refresh(world, first["refresh_token"]).problem(401, "unauthorized")
    assert screen.until_closed() == 4401, "a live connection of the session goes on"
    for pair in (second, third):
        refresh(world, pair["refresh_token"]).problem(401, "unauthorized")


def step_rubbish_is_no_refresh_token(world):
    refresh(world, "rubbish").problem(401, "unauthorized")


def step_a_connection_goes_on_under_a_new_token_of_the_same_principal(world):
    first = world.login("staff")
    screen = world.screen(token=first["access_token"])
    second = refresh(world, first["refresh_token"]).json
    screen.send({"type": "refresh", "token": second["access_token"]})
    screen.alive()


def step_a_connection_refuses_anothers_token_and_rubbish(world):
    screen = world.screen("staff")
    for token in (world.token("manager"), world.token("diner-1"), "rubbish"):
        screen.send({"type": "refresh", "token": token})
        answer = screen.until(lambda frame: frame["type"] == "error")
        assert answer["code"] in ("unauthorized", "forbidden"), f"{answer}"
    screen.alive()


def step_signing_out_ends_the_session_and_closes_its_connections(world):
    pair = world.login("staff")
    screen, neighbour = world.screen(token=pair["access_token"]), world.screen("staff")
    answer = world.server.call("DELETE", "/api/v1/sessions/current", token=pair["access_token"])
    assert answer.status in (200, 204), f"{answer.status}"
    assert screen.until_closed() == 4401, "the connection goes on"
    neighbour.alive()
    refresh(world, pair["refresh_token"]).problem(401, "unauthorized")
    order = world.order("diner-1")["id"]
    world.server.get(f"/api/v1/orders/{order}", pair["access_token"]).problem(401, "unauthorized")
