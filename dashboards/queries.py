"""The only PromQL of the dashboards. All names come from the catalogue of metrics.

Figures of calendar periods are the ledger's own (`period_*`): Prometheus keeps them for as little as it likes, and they
equal the report. Counters are only asked for their rate. Units are those that people read: kWh, kg, litres.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from monitor.exposition import budget_rows, catalogue, contract_rows

if TYPE_CHECKING:
    from monitor.exposition.metric import Metric

WHO: Final = "who"
"""The label that tables and bars of services are by: the name for people, else the key."""
JOULES_PER_KWH: Final = 3_600_000
WATT_HOUR: Final = 3_600
GRAMS_PER_KILOGRAM: Final = 1_000
ROW: Final = "row"
"""The label that tables of budgets and of clauses are joined by: all that tells one from another."""
PER_BUDGET: Final = "job, instance, budget"
PER_CLAUSE: Final = "job, instance, contract, clause"
NOW: Final = "~month|quarter|year|contract"
"""The windows of clauses that last."""
PER_SERVICE: Final = "job, instance, service"
"""The labels that a service's series have in common, on one host."""


def of(metric: Metric, **labels: str) -> str:
    """Return the series of *metric* that have these *labels*; a value that begins with `~` is a regular expression."""
    chosen = [
        f'{name}=~"{value[1:]}"' if value.startswith("~") else f'{name}="{value}"' for name, value in labels.items()
    ]
    return f"{metric.name}{{{', '.join(chosen)}}}" if chosen else metric.name


def scaled(expression: str, by: int) -> str:
    """Return *expression* in units *by* times as large."""
    return f"{expression} / {by}"


def total(metric: Metric, by: int, period: str, **labels: str) -> str:
    """Return the whole of *metric* in a *period*, over all services and hosts."""
    return scaled(f"sum({of(metric, **labels, period=period)})", by)


def by_name(expression: str) -> str:
    """Return the sums of *expression*, which has a service, by the name of each under the label `who`.

    One that has no facts now (the pseudo-services, and those that are gone) comes under its key: nothing is left out.
    """
    info = of(catalogue.SERVICE_INFO)
    named = f'label_join({expression} * on({PER_SERVICE}) group_left(name) {info}, "{WHO}", "", "name")'
    others = f'label_join({expression} unless on({PER_SERVICE}) {info}, "{WHO}", "", "service")'
    return f"sum by ({WHO}) ({named}) or sum by ({WHO}) ({others})"


def services(metric: Metric, by: int, period: str, **labels: str) -> str:
    """Return *metric* in a *period* by the name of each service."""
    # the labels that differ within a service, phases say, are summed before it is joined with its name
    return scaled(f"({by_name(f'sum by ({PER_SERVICE}) ({of(metric, **labels, period=period)})')})", by)


def departments(metric: Metric, by: int, period: str) -> str:
    """Return *metric* in a *period* by department."""
    return scaled(f"sum by (department) ({of(metric, period=period)})", by)


def change(metric: Metric, period: str, before: str) -> str:
    """Return by how much of it *metric* is more in a *period* than in the one *before*; nothing where that had none."""
    now, then = (f"sum({of(metric, period=name)})" for name in (period, before))
    return f"{now} / ({then} > 0) - 1"


def on_hosts(expression: str) -> str:
    """Return the sums of *expression* by host and site."""
    info = of(catalogue.HOST_INFO)
    return f"sum by (host, site) ({expression} * on(job, instance) group_left(host, site) {info})"


def per_instance(metric: Metric, **labels: str) -> str:
    """Return the sum of *metric* on each host, as something to join its facts to."""
    return f"sum by (job, instance) ({of(metric, **labels)})"


def rate(metric: Metric, **labels: str) -> str:
    """Return how fast a counter grows, a second."""
    return f"rate({of(metric, **labels)}[$__rate_interval])"


def budget(expression: str) -> str:
    """Return *expression* of budgets by the row of each."""
    return with_row(expression)


def budget_facts() -> str:
    """Return what each budget is, by its row. The holder of one of all of a server is `_all`."""
    held = f'label_replace({of(budget_rows.INFO)}, "holder", "_all", "scope", "all")'
    return with_row(held, "name", "holder", "limit", "period")


def with_row(expression: str, *labels: str) -> str:
    """Return *expression* of budgets by the row of each, with some of its *labels*."""
    return f"sum by ({', '.join((ROW, *labels))}) ({_rows(expression, 'job', 'instance', 'budget')})"


def budget_shares(metric: Metric) -> str:
    """Return *metric*, a share of each budget's limit, by the names and the limits of the budgets."""
    return f"sum by (name, limit) ({of(metric)} * on({PER_BUDGET}) group_left(name, limit) {of(budget_rows.INFO)})"


def amounts(share: str, unit: str, by: float) -> str:
    """Return *share* of each budget in that *unit*, as an amount in one *by* times as large, by its row."""
    return f"{budget(f'{share} * on({PER_BUDGET}) group_left(unit) {of(budget_rows.LIMIT, unit=unit)}')} / {by}"


def clause(expression: str) -> str:
    """Return *expression* of clauses by the row of each in each window."""
    return f"sum by ({ROW}) ({_clauses(expression)})"


def clause_facts() -> str:
    """Return the verdict on each clause in each window, by its row, with what the clause and its contract say."""
    told = f"group_left(text, threshold) {of(contract_rows.CLAUSE_INFO)}"
    named = f"group_left(title, supplier) {of(contract_rows.INFO)}"
    shown = f"({of(contract_rows.VERDICT)} == 1) * on({PER_CLAUSE}) {told} * on(job, instance, contract) {named}"
    return f"sum by ({ROW}, verdict, text, title, supplier, threshold, period) ({_clauses(shown)})"


def of_threshold(metric: Metric) -> str:
    """Return *metric*, a value of clauses, as a share of the threshold of each, by its row."""
    return clause(f"{of(metric)} / on({PER_CLAUSE}, period) {of(contract_rows.THRESHOLD)}")


def _clauses(expression: str) -> str:
    return _rows(expression, "job", "instance", "contract", "clause", "period")


def _rows(expression: str, *labels: str) -> str:
    every = ", ".join(f'"{label}"' for label in labels)
    return f'label_join({expression}, "{ROW}", "/", {every})'
