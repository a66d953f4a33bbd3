"""What a report of 2026 has in its files of data, in English."""

import csv
import io
import json
from typing import Any

from monitor.config import Language
from monitor.report.model import Report
from monitor.report.opendata import opendata
from monitor.report.sheets import sheets
from monitor.wording import words

ENGLISH = words("monitor.report", Language.ENGLISH)


def lines(report: Report, name: str) -> list[dict[str, str]]:
    content = sheets(report, ENGLISH)[f"empreinte-2026-{name}.csv"].decode()
    return list(csv.DictReader(io.StringIO(content)))


def said(report: Report) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(opendata(report, {}, ENGLISH)["empreinte-2026.json"])
    return content
