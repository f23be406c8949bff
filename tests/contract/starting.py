"""Starting: flags, their environment variables, the keyring, and what `--demo` creates and prints."""

import os
import re
import stat
import subprocess

from server import NeverListened, Server

KEYS = ("old:" + "o" * 32, "new:" + "n" * 32)


def refused(restaurant, *arguments, **environment):
    """Starts a server whose configuration must be refused, and returns its output."""
    command = [restaurant.server.binary, "serve", "--bind", "127.0.0.1:0", *arguments]
    with Server(restaurant.server.binary) as place:
        env = {**Server.environment(), **environment}
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30, cwd=place.folder.name, env=env)
    assert done.returncode != 0 and done.stderr.strip(), f"{arguments} {environment}: status {done.returncode}, {done.stderr!r}"
    return done.stderr


def step_every_flag_has_an_environment_variable_and_help_lists_them(restaurant):
    text = restaurant.server.run("serve", "--help")
    flags = {name for name in re.findall(r"^\s+(?:-\w, )?--([\w-]+)", text, re.MULTILINE) if name != "help"}
    assert {"bind", "database-url", "redis-url", "role", "demo"} <= flags, f"{flags}"
    assert text.count("[env: ") == len(flags), f"{len(flags)} flags and {text.count('[env: ')} variables"
    for name in ("ORDERBELL_BIND", "DATABASE_URL", "REDIS_URL", "ORDERBELL_ROLE", "ORDERBELL_JWT_KEYS"):
        assert name in text, f"{name} is not listed"


def step_environment_variables_configure_a_server_as_flags_do(restaurant):
    for switch in ("1", "true", "yes"):
        env = {"ORDERBELL_BIND": "127.0.0.1:0", "DATABASE_URL": "sqlite://by-env.db", "ORDERBELL_DEMO": switch}
        with Server(restaurant.server.binary, [], env) as server:
            assert server.get("/api/v1/restaurants/demo").status == 200, f"ORDERBELL_DEMO={switch}"
            assert os.path.exists(os.path.join(server.folder.name, "by-env.db"))
    env = {"ORDERBELL_BIND": "127.0.0.1:0", "DATABASE_URL": "", "ORDERBELL_DEMO": ""}
    with Server(restaurant.server.binary, [], env) as server:
        assert server.get("/api/v1/restaurants/demo").status == 404, "an empty ORDERBELL_DEMO means no demo"
        assert os.path.exists(os.path.join(server.folder.name, "data/orderbell.db")), "the default path"


def step_only_its_owner_can_read_the_key_file(restaurant):
    files = [os.path.join(restaurant.server.folder.name, name) for name in os.listdir(restaurant.server.folder.name) if "key" in name]
    assert files and all(stat.S_IMODE(os.stat(name).st_mode) == 0o600 for name in files), f"{files}"


def step_the_first_key_signs_and_all_verify(restaurant):
    old, new = KEYS
    arguments = ["--demo", "--bind", "127.0.0.1:0", "--database-url", "sqlite://keys.db"]
    with Server(restaurant.server.binary, arguments, {"ORDERBELL_JWT_KEYS": f"{new},{old}"}) as server:
        server.database = "sqlite://keys.db"

        def orders(keys):
            token = server.run("token", "--role", "staff", "--restaurant", "demo", environment={"ORDERBELL_JWT_KEYS": keys})
            return server.get("/api/v1/restaurants/demo/orders", token.strip())

        assert (orders(new).status, orders(old).status) == (200, 200)
        orders("other:" + "x" * 32).problem(401, "unauthorized")
        assert not [name for name in os.listdir(server.folder.name) if "keys.db.key" in name], "a second key was generated"


def step_impossible_configurations_are_refused_with_the_reason(restaurant):
    assert "redis" in refused(restaurant, "--redis-url", "redis://127.0.0.1:1").lower()
    assert "ORDERBELL_JWT_KEYS" in refused(restaurant, "--database-url", "postgres://nobody@127.0.0.1:1/none")
    assert "32 bytes" in refused(restaurant, ORDERBELL_JWT_KEYS="a:short")
    assert "sqlite://" in refused(restaurant, "--database-url", "mysql://nobody@127.0.0.1:1/none")


def step_a_demo_reachable_by_others_has_random_keys_and_prints_them_once(restaurant):
    arguments = ["--demo", "--bind", "0.0.0.0:0", "--behind-proxy"]
    with Server(restaurant.server.binary, arguments) as server:
        keys = re.findall(r"/t/(\S+)", server.said)
        sign_ins = re.findall(r"sign in as \w+: (\w+) / (\S+)", server.said)
        assert len(set(keys)) == 12 and not any(key.startswith("demo-table") for key in keys), f"{server.said}"
        assert {name for name, _ in sign_ins} == {"staff", "manager"}, f"{server.said}"
        assert all(server.sit(key).status == 200 for key in keys)
        assert all(server.sign_in(*pair).status == 200 for pair in sign_ins)
        assert server.sit("demo-table-1").status == 404 and server.sign_in("staff", "staff-demo").status == 401
        secrets = [*keys, *(password for _, password in sign_ins)]
        shown = server.get("/api/v1/demo").body.decode() + server.get("/").body.decode()
        assert not any(secret in shown for secret in secrets), "the pages reveal a secret"
        server.restart()
        assert not any(secret in server.said for secret in secrets), f"printed again: {server.said}"
        assert server.sit(keys[0]).status == 200, "a printed key stays valid"


def step_the_well_known_keys_of_the_demo_never_work_on_a_reachable_server(restaurant):
    with Server(restaurant.server.binary, ["--demo", "--bind", "127.0.0.1:0"]) as server:
        assert server.sit("demo-table-12").status == 200
        for more in ([], ["--demo"]):
            arguments = [*more, "--bind", "0.0.0.0:0", "--behind-proxy"]
            server.arguments = arguments
            try:
                server.restart()
            except NeverListened:
                continue
            assert server.sit("demo-table-12").status == 404, f"{arguments}"
            assert server.sign_in("staff", "staff-demo").status == 401, f"{arguments}"
