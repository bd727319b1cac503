"""The dashboard and `/metrics` of a real server that replicates name the same things."""

import json
import re
from pathlib import Path
from typing import Any, Final

import httpx

from tests.support.instances import Instance, Replica
from tests.support.metrics import HEADERS, TOKEN, Scraped
from tests.support.servers import ROOT

DASHBOARD: Final[dict[str, Any]] = json.loads((ROOT / "scripts/grafana.json").read_text(encoding="utf-8"))
EXPRESSIONS: Final = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]


def named(expressions: list[str]) -> set[str]:
    """The metrics that some expressions ask for."""
    return {name for expression in expressions for name in re.findall(r"\btodo_\w+", expression)}


def scraped(instance: Instance) -> Scraped:
    return Scraped(httpx.get(f"{instance.server.url}/metrics", headers=HEADERS, timeout=30).text)


def test_the_dashboard_shows_all_that_a_server_gives_and_nothing_else(tmp_path: Path) -> None:
    with Replica(tmp_path).instance(METRICS_TOKEN=TOKEN) as instance:
        page = scraped(instance)
        while not page.total("todo_event_loop_lag_seconds_count"):  # taken a moment after the start
            page = scraped(instance)
    assert named(EXPRESSIONS) == page.names
    assert page.total("todo_replication_state", state="replicating") == 1
    assert page.total("todo_replication_state") == 1
    for expression in EXPRESSIONS:
        wanted = {label for group in re.findall(r"by \(([^)]*)\)", expression) for label in group.split(", ")}
        there = {key for sample in page.samples if sample.name in named([expression]) for key in sample.labels}
        assert wanted <= there, expression
