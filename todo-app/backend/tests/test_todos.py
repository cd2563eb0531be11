"""Todos over HTTP: what is stored, what is refused, and what the cache may not hide."""

import pytest

DUE = "2031-05-06T07:08:09+02:00"


def create(api, **fields):
    answer = api.http.post("/todos", json={"title": "water the plants"} | fields)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_a_todo_lives_and_goes(api):
    made = create(api, due_at=DUE)
    path = f"/todos/{made['id']}"
    assert api.http.get(path).json() == made
    assert made["due_at"].startswith("2031-05-06T05:08:09")
    assert (made["done"], made["reminded_at"]) == (False, None)
    changed = api.http.patch(path, json={"done": True, "title": "  water them  "}).json()
    assert (changed["done"], changed["title"], changed["due_at"]) == (True, "water them", made["due_at"])
    assert api.http.delete(path).status_code == 204
    assert api.http.get(path).status_code == 404
    assert api.http.patch(path, json={"done": True}).status_code == 404
    assert api.http.delete(path).status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"title": ""},
        {"title": "   "},
        {"title": "x" * 201},
        {"title": "a\x00b"},
        {"title": "x", "due_at": "2031-05-06T07:08:09"},
        {"title": "x", "colour": "red"},
    ],
)
def test_a_bad_todo_is_refused_and_not_stored(api, body):
    assert api.http.post("/todos", json=body).status_code == 422
    assert api.http.get("/todos").json()["total"] == 0


def test_a_bad_change_is_refused(api):
    made = create(api)
    for body in ({"title": None}, {"done": None}, {"due_at": "soon"}, {"id": 7}):
        assert api.http.patch(f"/todos/{made['id']}", json=body).status_code == 422
    assert api.http.get(f"/todos/{made['id']}").json() == made


def test_pages(api):
    ids = [create(api)["id"] for _ in range(3)]
    page = api.http.get("/todos", params={"limit": 2, "offset": 1}).json()
    assert [item["id"] for item in page["items"]] == ids[1:]
    assert page["total"] == 3
    assert api.http.get("/todos", params={"limit": 101}).status_code == 422


def test_todos_outlive_the_process(start, migrated):
    first = start(migrated)
    made = create(first)
    assert first.stop() == 0
    assert start(migrated).http.get(f"/todos/{made['id']}").json() == made


def test_reads_come_from_the_cache_until_a_write(api, sql):
    made = create(api)
    api.http.get("/todos")
    api.http.get(f"/todos/{made['id']}")
    sql("UPDATE todos SET title = 'behind its back'")
    assert api.http.get("/todos").json()["items"][0]["title"] == made["title"]
    assert api.http.get(f"/todos/{made['id']}").json()["title"] == made["title"]
    api.http.patch(f"/todos/{made['id']}", json={"done": True})
    assert api.http.get("/todos").json()["items"][0]["title"] == "behind its back"
    assert api.http.get(f"/todos/{made['id']}").json()["done"] is True


def test_without_redis_the_database_answers(api, servers):
    _, redis = servers
    made = create(api)
    api.http.get("/todos")
    redis.stop()
    try:
        assert create(api)["id"] != made["id"]
        assert api.http.get("/todos").json()["total"] == 2
        assert api.http.delete(f"/todos/{made['id']}").status_code == 204
    finally:
        redis.start()
    assert api.http.get("/todos").json()["total"] == 1


def test_a_new_due_date_is_reminded_of_again(api, sql):
    made = create(api, due_at=DUE)
    sql("UPDATE todos SET reminded_at = now()")
    path = f"/todos/{made['id']}"
    assert api.http.patch(path, json={"done": False}).json()["reminded_at"] is not None
    assert api.http.patch(path, json={"due_at": "2032-01-01T00:00:00Z"}).json()["reminded_at"] is None
