"""The OpenAPI document says what a client may rely on: every route, every status, with schema and headers."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.support.accounts import PASSWORD, Account
from tests.support.servers import environment, todo

PROBLEM: Final = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
NO_ID: Final = "00000000-0000-7000-8000-000000000000"

# What can happen to a request, whatever it asks for.
DATABASE: Final = {500, 503}
LOGIN: Final = DATABASE | {401}
WRITE: Final = LOGIN | {507}
BODY: Final = {413, 415, 422}
CHANGE: Final = WRITE | {200, 404, 412, 422}

TASK: Final = "/api/tasks/{task_id}"
FAMILY: Final = "/api/{user_id}/tasks"
FAMILY_TASK: Final = "/api/{user_id}/tasks/{task_id}"

STATUSES: Final[dict[tuple[str, str], set[int]]] = {
    ("get", "/"): {200},
    ("get", "/livez"): {200},
    ("get", "/readyz"): {200} | DATABASE,
    ("get", "/health"): {200} | DATABASE,
    ("get", "/version"): {200},
    ("get", "/problems/{code}"): {200, 404} | DATABASE,
    ("post", "/api/auth/register"): {201, 409, 507} | DATABASE | BODY,
    ("post", "/api/auth/login"): {200, 401, 507} | DATABASE | BODY,
    ("post", "/api/auth/token"): {200, 400, 401, 413, 422, 507} | DATABASE,
    ("post", "/api/auth/logout"): {204} | WRITE,
    ("get", "/api/auth/me"): {200, 304} | LOGIN,
    ("patch", "/api/auth/me"): {200, 412} | WRITE | BODY,
    ("get", "/api/tasks"): {200, 422} | LOGIN,
    ("post", "/api/tasks"): {201} | WRITE | BODY,
    ("get", TASK): {200, 304, 404, 422} | LOGIN,
    ("put", TASK): {200, 201, 412} | WRITE | BODY,
    ("patch", TASK): CHANGE | BODY,
    ("delete", TASK): CHANGE - {200} | {204},
    ("post", f"{TASK}/complete"): CHANGE,
    ("post", f"{TASK}/reopen"): CHANGE,
    ("patch", f"{TASK}/toggle"): CHANGE,
    ("get", FAMILY): {200, 403, 422} | LOGIN,
    ("post", FAMILY): {201, 403} | WRITE | BODY,
    ("get", FAMILY_TASK): {200, 304, 403, 404, 422} | LOGIN,
    ("put", FAMILY_TASK): CHANGE | BODY | {403},
    ("patch", FAMILY_TASK): CHANGE | BODY | {403},
    ("delete", FAMILY_TASK): CHANGE - {200} | {204, 403},
    ("patch", f"{FAMILY_TASK}/complete"): CHANGE | {403},
}
PUBLIC: Final = {operation for operation in STATUSES if not operation[1].startswith("/api/")} | {
    ("post", "/api/auth/register"),
    ("post", "/api/auth/login"),
    ("post", "/api/auth/token"),
}
IDS: Final = [f"{method} {path}" for method, path in STATUSES]
each_operation = pytest.mark.parametrize("operation", STATUSES, ids=IDS)


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `todo openapi` prints."""
    run = todo("openapi", env=environment(""), folder=tmp_path_factory.mktemp("document"))
    assert run.returncode == 0, run.stderr
    loaded: dict[str, Any] = json.loads(run.stdout)
    return loaded


def found(document: dict[str, Any], operation: tuple[str, str]) -> dict[str, Any]:
    method, path = operation
    operation_object: dict[str, Any] = document["paths"][path][method]
    return operation_object


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"].removeprefix("#/components/schemas/")
        for value in part.values():
            yield from references(value)
    elif isinstance(part, list):
        for value in part:
            yield from references(value)


async def test_every_database_serves_what_the_command_prints(
    client: httpx.AsyncClient, document: dict[str, Any]
) -> None:
    answer = await client.get("/openapi.json")
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == document


def test_it_is_written_to_a_file_as_it_is_printed(document: dict[str, Any], folder: Path) -> None:
    run = todo("openapi", "--output", "written.json", env=environment(""), folder=folder)
    assert (run.returncode, run.stdout, run.stderr) == (0, "", "")
    assert json.loads((folder / "written.json").read_text(encoding="utf-8")) == document


def test_it_is_a_valid_document_of_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1.")
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_has_every_route_and_no_other(document: dict[str, Any]) -> None:
    listed = {(method, path) for path, operations in document["paths"].items() for method in operations}
    assert listed == set(STATUSES)


def reached_from(document: dict[str, Any], parts: Any) -> set[str]:
    """The names of the component schemas that parts of the document refer to, directly or not."""
    reached: set[str] = set()
    waiting = set(references(parts))
    while waiting:
        reached |= waiting
        found_schemas = [document["components"]["schemas"].get(name) for name in waiting]
        waiting = set(references(found_schemas)) - reached
    return reached


def test_every_reference_leads_somewhere_and_no_schema_is_unused(document: dict[str, Any]) -> None:
    assert reached_from(document, document["paths"]) == set(document["components"]["schemas"])


def test_every_field_of_an_answer_is_always_there(document: dict[str, Any]) -> None:
    """But for the two members of a problem that only some have."""
    answers = [found(document, operation)["responses"] for operation in STATUSES]
    optional = {}
    for name in reached_from(document, answers):
        schema = document["components"]["schemas"][name]
        optional[name] = set(schema.get("properties", ())) - set(schema.get("required", ()))
    assert {name: left for name, left in optional.items() if left} == {"Problem": {"errors", "current"}}


def test_no_field_of_a_body_has_a_default(document: dict[str, Any]) -> None:
    """Generators of typed clients demand a field that has one."""
    bodies = [found(document, operation).get("requestBody") for operation in STATUSES]
    for name in reached_from(document, bodies):
        fields = document["components"]["schemas"][name]["properties"]
        assert [field for field, schema in fields.items() if "default" in schema] == [], name


def test_the_frameworks_own_error_schemas_are_nowhere(document: dict[str, Any]) -> None:
    assert "ValidationError" not in json.dumps(document)


def test_names_of_operations_are_unique(document: dict[str, Any]) -> None:
    names = [found(document, operation)["operationId"] for operation in STATUSES]
    assert len(set(names)) == len(names)


@each_operation
def test_an_operation_is_described(document: dict[str, Any], operation: tuple[str, str]) -> None:
    described = found(document, operation)
    assert described["summary"]
    assert described["description"]
    assert described["tags"]


@each_operation
def test_every_status_that_a_route_can_answer_is_declared(document: dict[str, Any], operation: tuple[str, str]) -> None:
    assert {int(status) for status in found(document, operation)["responses"]} == STATUSES[operation]


@each_operation
def test_every_error_is_a_problem_and_every_empty_answer_is_empty(
    document: dict[str, Any], operation: tuple[str, str]
) -> None:
    for status, response in found(document, operation)["responses"].items():
        if int(status) >= 400:
            assert response["content"] == PROBLEM, status
        elif int(status) in {204, 304}:
            assert "content" not in response
        else:
            assert all(body["schema"] for body in response["content"].values()), status


@each_operation
def test_headers_are_declared(document: dict[str, Any], operation: tuple[str, str]) -> None:
    method, path = operation
    is_task = path in {TASK, FAMILY_TASK} or path.startswith((f"{TASK}/", f"{FAMILY_TASK}/"))
    is_versioned = is_task or path in {"/api/tasks", FAMILY, "/api/auth/me"}
    for status, response in found(document, operation)["responses"].items():
        wanted = {"X-Request-ID"}
        wanted |= {"401": {"WWW-Authenticate"}, "503": {"Retry-After"}, "304": {"ETag"}}.get(status, set())
        if method == "get" and path in {"/api/tasks", FAMILY} and status == "200":
            wanted |= {"Link", "X-Total-Count"}
        elif is_versioned and status in {"200", "201"}:
            wanted |= {"ETag"} | ({"Location"} if status == "201" else set())
        assert set(response["headers"]) == wanted, status


@each_operation
def test_a_patch_takes_a_merge_patch(document: dict[str, Any], operation: tuple[str, str]) -> None:
    content = found(document, operation).get("requestBody", {}).get("content", {})
    is_patch = operation[0] == "patch" and "application/json" in content
    assert ("application/merge-patch+json" in content) == is_patch
    assert not is_patch or content["application/merge-patch+json"] == content["application/json"]


@each_operation
def test_only_the_family_is_deprecated(document: dict[str, Any], operation: tuple[str, str]) -> None:
    assert found(document, operation).get("deprecated", False) == operation[1].startswith(FAMILY)


@each_operation
def test_a_token_is_declared_where_it_is_needed(document: dict[str, Any], operation: tuple[str, str]) -> None:
    declared: list[dict[str, list[str]]] = [] if operation in PUBLIC else [{"AccessToken": []}]
    assert found(document, operation).get("security", []) == declared


async def test_a_token_is_needed_where_it_is_declared(client: httpx.AsyncClient, document: dict[str, Any]) -> None:
    for method, path in STATUSES:
        answer = await client.request(method, path.format(task_id=NO_ID, user_id=NO_ID, code="not-found"), json={})
        assert (answer.status_code == 401) == ((method, path) not in PUBLIC), f"{method} {path}"


class Recorder:
    """Sends requests and holds each answer against the document."""

    def __init__(self, client: httpx.AsyncClient, document: dict[str, Any], account: Account) -> None:
        self.client, self.document, self.account = client, document, account

    async def send(self, status: int, method: str, template: str, task_id: str = NO_ID, **sent: Any) -> httpx.Response:
        path = template.format(task_id=task_id, user_id=self.account.id, code="not-found")
        answer = await self.client.request(method, path, **sent)
        assert answer.status_code == status, f"{method} {path}: {answer.text}"
        declared = found(self.document, (method, template))["responses"][str(status)]
        missing = {name for name in declared["headers"] if name not in answer.headers}
        assert missing <= {"Link", "X-Total-Count"}, f"{method} {path}"
        if "content" not in declared:
            assert answer.content == b""
            return answer
        body = declared["content"][answer.headers["Content-Type"].partition(";")[0]]
        schema = {**body["schema"], "components": self.document["components"]}
        if "json" in answer.headers["Content-Type"]:
            assert list(OAS31Validator(schema).iter_errors(answer.json())) == []
        return answer


async def test_a_user_meets_what_the_document_declares(
    me: httpx.AsyncClient, account: Account, document: dict[str, Any]
) -> None:
    send = Recorder(me, document, account).send
    task_id = (await send(201, "post", "/api/tasks", json={"title": "A", "due": {"date": "2026-11-30"}})).json()["id"]
    await send(200, "get", "/api/tasks", params={"count": "true"})
    await send(200, "get", TASK, task_id)
    await send(304, "get", TASK, task_id, headers={"If-None-Match": '"1"'})
    await send(422, "get", TASK, "no-uuid")
    await send(404, "get", TASK)
    await send(201, "put", TASK, json={"title": "B"})
    await send(200, "put", TASK, json={"title": "C"})
    await send(412, "patch", TASK, task_id, json={"title": "D"}, headers={"If-Match": '"9"'})
    merge_patch = {"Content-Type": "application/merge-patch+json"}
    await send(200, "patch", TASK, task_id, content=b'{"title": "D"}', headers=merge_patch)
    await send(415, "patch", TASK, task_id, content=b"title=D", headers={"Content-Type": "text/plain"})
    await send(413, "post", "/api/tasks", content=b" " * 2_000_000, headers={"Content-Type": "application/json"})
    await send(200, "post", f"{TASK}/complete", task_id)
    await send(200, "patch", f"{FAMILY_TASK}/complete", task_id)
    await send(204, "delete", FAMILY_TASK, task_id)
    await send(200, "patch", "/api/auth/me", json={"name": "Ada"})
    await send(200, "get", "/api/auth/me")
    await send(204, "post", "/api/auth/logout")
    await send(401, "get", "/api/tasks")


async def test_a_stranger_meets_what_the_document_declares(
    client: httpx.AsyncClient, account: Account, document: dict[str, Any]
) -> None:
    send = Recorder(client, document, account).send
    credentials = {"email": account.email, "password": PASSWORD}
    await send(409, "post", "/api/auth/register", json=credentials)
    await send(200, "post", "/api/auth/login", json=credentials)
    await send(401, "post", "/api/auth/login", json=credentials | {"password": "wrong"})
    await send(200, "post", "/api/auth/token", data={"username": account.email, "password": PASSWORD})
    await send(422, "post", "/api/auth/token", data={"username": account.email})
    multipart = {"Content-Type": "multipart/form-data"}
    await send(400, "post", "/api/auth/token", content=b"no boundary", headers=multipart)
    for path in ("/", "/livez", "/readyz", "/health", "/version", "/problems/{code}"):
        await send(200, "get", path)
