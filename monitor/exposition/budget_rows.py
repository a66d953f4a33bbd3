"""The metrics of budgets: their rows in the catalogue. What they show of a snapshot is in `budgets`.

They are shares of the limit, so that budgets of different measures stand beside one another; times `budget_limit` they
are amounts.
"""

from __future__ import annotations

from typing import Final

from monitor.exposition.metric import Kind, metric

USED: Final = metric(
    "budget_used_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Share of each budget that is used in its period so far, by the ledger's current figures; absent where unknown.",
)
WARN: Final = metric(
    "budget_warn_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "The share of each budget at which it warns, as configured.",
)
LIMIT: Final = metric(
    "budget_limit",
    Kind.GAUGE,
    "",
    "budget unit",
    "What each budget may come to in its period, in the unit of the label: joules, grams, liters or euros.",
)
FORECAST: Final = metric(
    "budget_forecast_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Share of each budget that will be used at the end of its period, if it goes on so; absent where unknown.",
)
FORECAST_LOW: Final = metric(
    "budget_forecast_low_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Lower bound of that forecast: 80 % of such periods end between the bounds, which have the figures' error in them.",
)
FORECAST_HIGH: Final = metric(
    "budget_forecast_high_ratio",
    Kind.GAUGE,
    "ratio",
    "budget",
    "Upper bound of that forecast.",
)
EXHAUSTED: Final = metric(
    "budget_exhausted_timestamp_seconds",
    Kind.GAUGE,
    "seconds",
    "budget",
    "When a budget was or will be used up, since the Unix epoch; absent where that is not within its period.",
)
INFO: Final = metric(
    "budget_info",
    Kind.INFO,
    "",
    "budget name scope holder measure period limit",
    "What each budget is, as configured. scope is service, department, contract or all, holder whose it is.",
)
METRICS: Final = (USED, WARN, LIMIT, FORECAST, FORECAST_LOW, FORECAST_HIGH, EXHAUSTED, INFO)
"""In the order in which they are exposed."""
