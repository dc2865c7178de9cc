"""The monitor's documents, its dashboard and its alerts name figures, labels and values that there are."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.utils import timezone
from prometheus_client.metrics_core import Metric
from prometheus_client.parser import text_string_to_metric_families

from clones.engine.tally import OUTCOMES
from clones.metrics import exposition
from tests.documents.test_documents import DOCS, rows
from tests.factories import ConnectionFactory, WorkerBeatFactory

FOLDER = DOCS / "operations"
DASHBOARD: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
ALERTS: list[dict[str, Any]] = [
    rule
    for group in yaml.safe_load((FOLDER / "alerts.yml").read_text(encoding="utf-8"))["groups"]
    for rule in group["rules"]
]

Labels = dict[str, dict[str, set[str]]]


def families() -> list[Metric]:
    ConnectionFactory.create()
    WorkerBeatFactory.create()
    return list(text_string_to_metric_families(exposition(timezone.now()).decode()))


@pytest.fixture
def told(db: None) -> Labels:
    """Return sample → label → values, of everything that is told."""
    found: Labels = {}
    for family in families():
        for sample in family.samples:
            labels = found.setdefault(sample.name, defaultdict(set))
            for label, value in sample.labels.items():
                labels[label].add(value)
    return found


def mistakes(query: str, told: Labels) -> Iterator[str]:
    """Yield what a query names that there is not. Values that Grafana fills in begin with $."""
    names = set(re.findall(r"\bportal_\w+", query))
    yield from names - set(told)
    for name, matchers in re.findall(r"\b(portal_\w+)\{([^}]*)\}", query):
        for label, values in re.findall(r'(\w+)(?:=~|!=|!~|=)"([^"]*)"', matchers):
            known = told.get(name, {}).get(label, set())
            if not known or not (values.startswith("$") or set(values.split("|")) <= known):
                yield f"{name}{{{label}={values}}}"
    labels = {label for name in names for label in told.get(name, ())}
    for listed in re.findall(r"\b(?:by|on) \(([^)]*)\)", query):
        yield from {label.strip() for label in listed.split(",")} - labels


@pytest.mark.parametrize("query", [*QUERIES, *(alert["expr"] for alert in ALERTS)])
def test_a_query_names_what_there_is(query: str, told: Labels) -> None:
    assert list(mistakes(query, told)) == []


@pytest.mark.parametrize(
    "query",
    [
        "portal_jobs_total",
        "sum by (template) (portal_jobs)",
        'portal_jobs{state="WAITING"}',
        'portal_jobs{status="waiting"}',
        'portal_jobs{status=~"WAITING|DONE"}',
        "portal_lateness_seconds",
    ],
)
def test_a_query_that_names_something_else_would_be_noticed(query: str, told: Labels) -> None:
    assert list(mistakes(query, told)) != []


@pytest.mark.django_db
def test_the_document_tells_every_figure_with_its_labels() -> None:
    written = {name.strip("`"): set(re.findall(r"`(\w+)`", labels)) for name, labels, _ in figures_written()}

    assert written == {name_of(family): labels_of(family) for family in families()}


def figures_written() -> list[list[str]]:
    return [row if len(row) == 3 else [row[0], "", row[-1]] for row in rows(FOLDER / "monitoring.md", "figure")]


def name_of(family: Metric) -> str:
    return f"{family.name}_total" if family.type == "counter" else str(family.name)


def labels_of(family: Metric) -> set[str]:
    return {label for sample in family.samples for label in sample.labels} - {"le"}


def test_the_document_tells_every_outcome() -> None:
    told = [row[0].strip("`") for row in rows(FOLDER / "monitoring.md", "outcome")]

    assert sorted(told) == sorted(OUTCOMES)


def test_the_document_tells_every_alert() -> None:
    told = [row[0].strip("`") for row in rows(FOLDER / "monitoring.md", "alert")]

    assert told == [alert["alert"] for alert in ALERTS]


def test_every_figure_is_on_the_dashboard(told: Labels) -> None:
    asked = {
        re.sub(r"_(bucket|sum|count)$", "", name) for query in QUERIES for name in re.findall(r"portal_\w+", query)
    }

    assert {re.sub(r"_(bucket|sum|count)$", "", name) for name in told} == asked


def test_panels_have_places_and_numbers_of_their_own_and_ask_whom_the_reader_chose() -> None:
    panels = DASHBOARD["panels"]
    taken = [cell for panel in panels for cell in cells(**panel["gridPos"])]

    assert len(taken) == len(set(taken))
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert {panel["datasource"]["uid"] for panel in panels} == {"${datasource}"}


def cells(x: int, y: int, w: int, h: int) -> Iterator[tuple[int, int]]:
    return ((column, row) for column in range(x, x + w) for row in range(y, y + h))


# What Grafana says of a dashboard (its kind "Dashboard") --------------------------------------------------------------

BUILT_IN = {"__rate_interval", "__all"}


def everything_in(node: Any) -> Iterator[str]:
    """Yield all texts of the dashboard."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for each in node.values() if isinstance(node, dict) else node:
            yield from everything_in(each)


def test_every_variable_that_is_used_is_asked_for() -> None:
    names = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = {name for text in everything_in(DASHBOARD) for name in re.findall(r"\$\{?(\w+)", text)}

    assert used - BUILT_IN == names


def test_a_variable_of_many_values_begins_with_a_list() -> None:
    for variable in DASHBOARD["templating"]["list"]:
        if variable.get("multi"):
            assert (variable["current"]["text"], variable["current"]["value"]) == (["All"], ["$__all"])


@pytest.mark.parametrize("panel", DASHBOARD["panels"], ids=lambda panel: panel["title"])
def test_a_panel_is_as_grafana_takes_it(panel: dict[str, Any]) -> None:
    place, options = panel["gridPos"], panel["options"]

    assert panel["type"] in {"stat", "timeseries"}
    assert place["w"] > 0 < place["h"]
    assert 0 <= place["x"] <= 24 - place["w"]
    assert len({target["refId"] for target in panel["targets"]}) == len(panel["targets"])
    if panel["type"] == "timeseries":
        assert set(options["legend"]) == {"displayMode", "placement", "showLegend", "calcs"}
        assert set(options["tooltip"]) == {"mode", "sort"}
    else:
        assert options["reduceOptions"] == {"calcs": ["lastNotNull"], "fields": "", "values": False}
        first, *rest = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
        assert first["value"] is None
        assert [step["value"] for step in rest] == sorted(step["value"] for step in rest)


def test_the_dashboard_can_be_imported_anywhere() -> None:
    assert 8 <= len(DASHBOARD["uid"]) <= 40
    assert "id" not in DASHBOARD
    assert {target["datasource"]["uid"] for panel in DASHBOARD["panels"] for target in panel["targets"]} == {
        "${datasource}"
    }
