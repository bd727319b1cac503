"""Traces of a real server, as a collector gets them."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any, Final

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.e2e.refusals import CANARY, refusal
from tests.support.accounts import PASSWORD
from tests.support.servers import environment, running, todo

URL: Final = "sqlite:///todo.db"
ROUTE: Final = "/api/tasks/{task_id}"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent, and answers as one that has taken it."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Receiver)
        self.received: list[tuple[str, bytes]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def spans(self) -> list[dict[str, Any]]:
        """The attributes of every span, its name and its service among them."""
        found = []
        for _, body in self.received:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                service = {each.key: each.value.string_value for each in resource.resource.attributes}
                for span in (span for scope in resource.scope_spans for span in scope.spans):
                    values = {
                        each.key: getattr(each.value, str(each.value.WhichOneof("value"))) for each in span.attributes
                    }
                    found.append({"name": span.name, "service": service["service.name"], **values})
        return found


class _Receiver(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, body))
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def collecting() -> Iterator[Collector]:
    with Collector() as collector:
        thread = Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def talk(url: str) -> str:
    """Somebody signs up, makes a task and reads it; the token."""
    person = {"email": f"{CANARY}@example.com", "password": f"{CANARY} {PASSWORD}"}
    token: str = httpx.post(f"{url}/api/auth/register", json=person, timeout=30).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    task = httpx.post(f"{url}/api/tasks", json={"title": CANARY}, headers=headers, timeout=30).json()["id"]
    assert httpx.get(f"{url}/api/tasks/{task}?access_token={CANARY}", headers=headers, timeout=30).status_code == 200
    assert httpx.get(f"{url}/nowhere", headers=headers, timeout=30).status_code == 404
    return token


@pytest.mark.parametrize("variable", ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"])
def test_every_request_is_a_span_and_no_secret_is_in_one(folder: Path, variable: str) -> None:
    with collecting() as collector:
        path = "/v1/traces" if "TRACES" in variable else ""
        env = environment(URL, **{variable: collector.url + path, "OTEL_SERVICE_NAME": "mine"})
        with running(env, folder) as server:
            token = talk(server.url)
            assert server.stop() == 0
        assert {path for path, _ in collector.received} == {"/v1/traces"}
        spans = collector.spans()
        everything = b"".join(body for _, body in collector.received).decode("latin-1")
    [read] = [span for span in spans if span["name"] == f"GET {ROUTE}"]
    assert (read["http.route"], read["http.response.status_code"]) == (ROUTE, 200)
    assert (read["service"], read["url.query"]) == ("mine", "[hidden]")
    [unknown] = [span for span in spans if span.get("http.response.status_code") == 404]
    assert "http.route" not in unknown
    assert token not in everything
    assert CANARY not in everything


@pytest.mark.parametrize("variables", [{}, {"OTEL_SDK_DISABLED": "true"}], ids=["no collector named", "disabled"])
def test_nothing_is_sent_unless_it_is_wanted(folder: Path, variables: dict[str, str]) -> None:
    with collecting() as collector:
        endpoint = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url} if variables else {}
        with running(environment(URL, **endpoint, **variables), folder) as server:
            talk(server.url)
            assert server.stop() == 0
        assert collector.received == []


def test_a_collector_that_is_gone_harms_nobody(folder: Path) -> None:
    with collecting() as collector:
        url = collector.url
    with running(environment(URL, OTEL_EXPORTER_OTLP_ENDPOINT=url), folder) as server:
        talk(server.url)
        assert server.stop() == 0


def test_without_the_extra_the_start_is_refused(folder: Path) -> None:
    (folder / "sitecustomize.py").write_text('import sys\nsys.modules["opentelemetry.sdk"] = None\n', encoding="utf-8")
    env = environment(URL, OTEL_EXPORTER_OTLP_ENDPOINT="http://127.0.0.1:4318")
    env["PYTHONPATH"] = f"{folder}:{env['PYTHONPATH']}"
    line = refusal(todo("serve", "--port", "0", env=env, folder=folder))
    assert line.startswith("OTEL_EXPORTER_OTLP_ENDPOINT: traces need the extra `telemetry`")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", f"http://user:{CANARY}@127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
    ],
)
def test_what_cannot_be_sent_to_stops_the_start(folder: Path, name: str, value: str) -> None:
    line = refusal(todo("serve", "--port", "0", env=environment(URL, **{name: value}), folder=folder))
    assert line.startswith(f"{name}: ")
