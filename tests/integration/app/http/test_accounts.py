"""Accounts over HTTP, on the container's own parts: what people do, and what they must not be able to."""

from uuid import UUID

import asyncpg

from revenge.app.http.access import OPEN
from revenge.app.http.middleware import PUBLIC_PATHS
from tests.integration.app.http.conftest import KEY, PASSWORD, House


async def test_a_person_logs_in_looks_at_themselves_refreshes_and_logs_out(house: House) -> None:
    login = (await house.login("ada")).json()
    assert (login["token_type"], login["user"]["username"]) == ("bearer", "ada")
    ada = {"Authorization": f"Bearer {login['token']}"}
    me = (await house.http.get("/users/me", headers=ada)).json()
    assert (me["id"], me["is_admin"]) == (str(house.accounts["ada"]), False)
    assert not {"password", "password_hash"} & me.keys()
    renewed = (await house.http.post("/auth/refresh", json={"refresh_token": login["refresh_token"]})).json()
    assert (await house.http.get("/users/me", headers=ada)).status_code == 401
    ada = {"Authorization": f"Bearer {renewed['token']}"}
    sessions = (await house.http.get(f"/users/{house.accounts['ada']}/sessions", headers=ada)).json()["sessions"]
    assert [(each["id"], each["is_current"]) for each in sessions] == [(login["session_id"], True)]
    assert (await house.http.post("/auth/logout", headers=ada)).status_code == 204
    assert (await house.http.get("/users/me", headers=ada)).status_code == 401


async def test_wrong_password_and_unknown_name_are_answered_alike(house: House) -> None:
    wrong, unknown = await house.login("ada", "wrong password"), await house.login("nobody", "wrong password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()


async def test_too_many_wrong_passwords_are_answered_with_when_to_come_again(house: House) -> None:
    for _ in range(10):
        assert (await house.login("ada", "wrong password")).status_code == 401
    refused = await house.login("ada")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 900


async def test_logins_are_in_the_activity_log_and_failed_ones_are_told(house: House, pool: asyncpg.Pool) -> None:
    await house.login("ada")
    await house.login("ada", "wrong password")
    rows = await pool.fetch(
        "SELECT action, success, is_security, host(ip_address) AS ip, username FROM revenge.activity"
        " WHERE action = 'user.login' ORDER BY id"
    )
    assert [tuple(row) for row in rows] == [
        ("user.login", True, True, "127.0.0.1", "ada"),
        ("user.login", False, True, "127.0.0.1", "ada"),
    ]
    told = await pool.fetch("SELECT type, data::text FROM revenge.notification_event ORDER BY id")
    assert [row["type"] for row in told][-2:] == ["auth.login_success", "auth.login_failed"]
    assert not any("wrong password" in row["data"] or PASSWORD in row["data"] for row in told)


async def test_person_sees_the_libraries_that_are_theirs_and_no_others(house: House) -> None:
    films, secret = house.libraries["Films"], house.libraries["Secret"]
    key = {"X-API-Key": KEY}
    body = {"user_id": str(house.accounts["ada"]), "permission": "view"}
    assert (await house.http.post(f"/libraries/{films}/permissions", json=body, headers=key)).status_code == 204
    ada = await house.token("ada")
    listed = (await house.http.get("/libraries", headers=ada)).json()["libraries"]
    assert [library["id"] for library in listed] == [str(films)]
    assert (await house.http.get(f"/libraries/{films}", headers=ada)).status_code == 200
    assert (await house.http.get(f"/libraries/{films}/scans", headers=ada)).status_code == 200
    for path in (f"/libraries/{secret}", f"/libraries/{secret}/scans", f"/libraries/{secret}/files"):
        assert (await house.http.get(path, headers=ada)).status_code == 404, path
    assert (await house.http.get(f"/libraries/{films}/files", headers=ada)).status_code == 403
    assert (await house.http.post(f"/libraries/{films}/scan", headers=ada)).status_code == 403
    assert (await house.http.post(f"/libraries/{secret}/scan", headers=ada)).status_code == 404
    assert (await house.http.delete(f"/libraries/{films}", headers=ada)).status_code == 403


async def test_permission_to_manage_is_one_to_scan_and_it_ends_when_it_is_taken(house: House) -> None:
    films, ada_id = house.libraries["Films"], house.accounts["ada"]
    root, ada = await house.token("root"), await house.token("ada")
    for permission in ("view", "manage", "download"):
        body = {"user_id": str(ada_id), "permission": permission}
        await house.http.post(f"/libraries/{films}/permissions", json=body, headers=root)
    shown = (await house.http.get(f"/libraries/{films}/permissions", headers=root)).json()["permissions"]
    assert {each["permission"] for each in shown} == {"view", "manage", "download"}
    assert (await house.http.get(f"/libraries/{films}/files", headers=ada)).status_code == 200
    assert (await house.http.post(f"/libraries/{films}/scan", headers=ada)).status_code == 202
    taken = await house.http.delete(f"/libraries/{films}/permissions/{ada_id}", headers=root)
    assert taken.status_code == 204
    assert (await house.http.get(f"/libraries/{films}", headers=ada)).status_code == 404


async def test_person_cannot_look_at_another_s_account_or_logins(house: House) -> None:
    ada, root_id = await house.token("ada"), house.accounts["root"]
    for method, path in (
        ("GET", f"/users/{root_id}"),
        ("GET", f"/users/{root_id}/sessions"),
        ("DELETE", f"/users/{root_id}/sessions"),
        ("DELETE", f"/users/{root_id}/sessions/{root_id}"),
        ("GET", "/users"),
        ("DELETE", f"/users/{root_id}"),
    ):
        assert (await house.http.request(method, path, headers=ada)).status_code == 403, (method, path)
    for method, path in (("PUT", f"/users/{house.accounts['ada']}"), ("POST", "/users")):
        body = {"is_admin": True} | ({"username": "eve"} if method == "POST" else {})
        assert (await house.http.request(method, path, headers=ada, json=body)).status_code == 403
    risen = await house.http.put("/users/me", headers=ada, json={"is_admin": True})
    assert risen.status_code == 422


async def test_administrator_makes_bans_and_deletes_accounts(house: House) -> None:
    root = await house.token("root")
    made = await house.http.post("/users", headers=root, json={"username": "eve", "password": PASSWORD})
    assert made.status_code == 201
    eve_id = made.json()["id"]
    again = await house.http.post("/users", headers=root, json={"username": "EVE"})
    assert again.status_code == 409
    eve = await house.token("eve")
    banned = await house.http.put(f"/users/{eve_id}", headers=root, json={"is_active": False})
    assert banned.json()["is_active"] is False
    assert (await house.http.get("/users/me", headers=eve)).status_code == 401
    assert (await house.http.delete(f"/users/{eve_id}", headers=root)).status_code == 204
    assert (await house.http.get(f"/users/{eve_id}", headers=root)).status_code == 404
    last = await house.http.delete(f"/users/{house.accounts['root']}", headers=root)
    assert (last.status_code, last.json()["type"]) == (409, "urn:revenge:problem:last-administrator")


async def test_password_is_changed_by_who_knows_it_and_set_by_administrators(house: House) -> None:
    ada, root = await house.token("ada"), await house.token("root")
    body = {"current_password": "a wrong one", "new_password": "another horse"}
    refused = await house.http.post("/users/me/password", headers=ada, json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "urn:revenge:problem:wrong-password")
    assert refused.json()["errors"][0]["pointer"] == "/current_password"
    assert (await house.http.get("/users/me", headers=ada)).status_code == 200  # nobody is logged out by a typing error
    body["current_password"] = PASSWORD
    assert (await house.http.post("/users/me/password", headers=ada, json=body)).status_code == 204
    assert (await house.http.get("/users/me", headers=ada)).status_code == 200
    path = f"/users/{house.accounts['ada']}/password"
    assert (await house.http.put(path, headers=ada, json={"password": "mine alone"})).status_code == 403
    assert (await house.http.put(path, headers=root, json={"password": "given by root"})).status_code == 204
    assert (await house.http.get("/users/me", headers=ada)).status_code == 401
    assert (await house.login("ada", "given by root")).status_code == 200


async def test_key_of_an_account_may_what_the_account_may(house: House) -> None:
    ada = await house.token("ada")
    made = (await house.http.post("/auth/api-keys", headers=ada, json={"name": "backup"})).json()
    key = {"X-API-Key": made["key"]}
    assert (await house.http.get("/users/me", headers=key)).json()["username"] == "ada"
    assert (await house.http.get("/jobs", headers=key)).status_code == 403
    listed = (await house.http.get("/auth/api-keys", headers=key)).json()["keys"]
    assert [(each["id"], each["name"]) for each in listed] == [(made["id"], "backup")]
    assert made["key"] not in str(listed)
    assert (await house.http.delete(f"/auth/api-keys/{made['id']}", headers=key)).status_code == 204
    assert (await house.http.get("/users/me", headers=key)).status_code == 401


async def test_server_s_key_has_no_account_of_its_own(house: House) -> None:
    key = {"X-API-Key": KEY}
    for path in ("/users/me", "/auth/api-keys"):
        refused = await house.http.get(path, headers=key)
        assert (refused.status_code, refused.json()["type"]) == (404, "urn:revenge:problem:no-account")
    assert (await house.http.get("/users", headers=key)).status_code == 200


async def test_cursor_that_no_list_has_told_of_is_not_found(house: House) -> None:
    key, films = {"X-API-Key": KEY}, house.libraries["Films"]
    for path in ("/users", f"/users/{house.accounts['ada']}/sessions", f"/libraries/{films}/permissions"):
        assert (await house.http.get(path, headers=key, params={"cursor": "%%%"})).status_code == 404, path


async def test_person_is_refused_at_every_route_that_is_not_open(house: House) -> None:
    """W43: goes through all routes of /openapi.json; what a person may call is listed here, so that it is chosen."""
    app, ada = house.container.api(), await house.token("ada")
    paths = {path: told for path, told in app.openapi()["paths"].items() if path not in PUBLIC_PATHS}
    opened = {
        f"{method.upper()} {path.removeprefix('/api/v1')}"
        for path, operations in paths.items()
        for method, told in operations.items()
        if OPEN in told["description"]
    }
    assert {
        "GET /libraries",
        "GET /libraries/{id}",
        "POST /libraries/{id}/scan",
        "GET /users/me",
        "POST /auth/logout",
    } <= opened
    closed = 0
    for path, operations in paths.items():
        for method in operations:
            if f"{method.upper()} {path.removeprefix('/api/v1')}" in opened:
                continue
            called = path
            while "{" in called:
                head, _, tail = called.partition("{")
                name, _, rest = tail.partition("}")
                value = {"job_id": "1", "name": "bulk", "periodic_id": "nightly", "kind": "movie"}.get(
                    name, str(house.libraries["Films"])
                )
                called = f"{head}{value}{rest}"
            refused = await house.http.request(method, f"http://localhost{called}", headers=ada)
            assert refused.status_code == 403, (method, path, refused.status_code)
            closed += 1
    assert closed > 10


async def test_number_of_sessions_is_the_cluster_s_on_every_node(house: House) -> None:
    """W14: each node answers for all, whichever ran the maintenance."""
    await house.login("ada")
    await house.login("root")
    shown = await house.http.get("http://localhost/metrics", headers={"X-API-Key": KEY})
    assert "revenge_sessions_active 2.0" in shown.text


async def test_person_plays_what_they_may_see_and_only_they_know_what_they_watched(
    house: House, pool: asyncpg.Pool
) -> None:
    films, ada_id = house.libraries["Films"], house.accounts["ada"]
    film = UUID("01a229f6-73c5-7260-b70f-4d5dfdb3e9b4")
    await pool.execute("INSERT INTO revenge.entity (id, kind) VALUES ($1, 'movie')", film)
    await pool.execute("INSERT INTO revenge.movie (id, title) VALUES ($1, 'Heat')", film)
    await pool.execute(
        "INSERT INTO revenge.library_item (id, library_id, kind, key, title, movie_id) VALUES ($1, $2, 'movie', 'k', 'Heat', $1)",
        film,
        films,
    )
    root, ada = await house.token("root"), await house.token("ada")
    refused = await house.http.post("/playback/sessions", headers=ada, json={"entity_id": str(film)})
    assert refused.status_code == 404
    body = {"user_id": str(ada_id), "permission": "view"}
    await house.http.post(f"/libraries/{films}/permissions", json=body, headers=root)
    started = await house.http.post("/playback/sessions", headers=ada, json={"entity_id": str(film)})
    assert started.status_code == 201
    path = f"/playback/sessions/{started.json()['id']}"
    beat = await house.http.post(f"{path}/heartbeat", headers=ada, json={"position_s": 10, "duration_s": 100})
    assert beat.json()["position_s"] == 10
    assert (await house.http.post(f"{path}/stop", headers=root, json={"position_s": 11})).status_code == 404
    assert len((await house.http.get("/playback/sessions", headers=root)).json()["sessions"]) == 1
    assert (await house.http.post(f"{path}/stop", headers=ada, json={"position_s": 95})).status_code == 200
    watched = (await house.http.get("/watched", headers=ada)).json()["watched"]
    assert [(each["entity_id"], each["is_completed"]) for each in watched] == [(str(film), True)]
    assert (await house.http.get("/watched", headers=root)).json()["watched"] == []
    for wrong in ("-1", "1e300", "NaN", "Infinity", '"1"', "1.5", '500, "duration_s": 100', '0, "duration_s": 0'):
        headers = {**ada, "Content-Type": "application/json"}
        content = f'{{"position_s": {wrong}}}'
        refused = await house.http.put(f"/watched/{film}", headers=headers, content=content)
        assert refused.status_code == 422, (wrong, refused.text)
    marked = await house.http.put(f"/watched/{film}", headers=root, json={"position_s": 0, "completed": True})
    assert marked.json()["play_count"] == 1
    assert (await house.http.delete(f"/watched/{film}", headers=root)).status_code == 204
    told = await pool.fetch("SELECT type FROM revenge.notification_event WHERE type LIKE 'playback.%' ORDER BY id")
    assert [row["type"] for row in told] == ["playback.started", "playback.stopped"]
