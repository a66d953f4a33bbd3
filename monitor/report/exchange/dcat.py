"""A record for catalogues of open data: what the data set is, and in which files it comes.

Source: W3C, Data Catalog Vocabulary (DCAT) version 3; SEMIC, DCAT-AP 3.0; as JSON-LD.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from monitor.core.calendar import local_time, utc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from monitor.report.material import Material

CONTEXT: Final[Mapping[str, str]] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
LICENCE: Final = "https://www.etalab.gouv.fr/licence-ouverte-open-licence"
LANGUAGES: Final = {
    "fr": "http://publications.europa.eu/resource/authority/language/FRA",
    "en": "http://publications.europa.eu/resource/authority/language/ENG",
}
THEME: Final = "http://publications.europa.eu/resource/authority/data-theme/ENVI"
YEARLY: Final = "http://publications.europa.eu/resource/authority/frequency/ANNUAL"
MEDIA: Final = {
    "csv": "https://www.iana.org/assignments/media-types/text/csv",
    "json": "https://www.iana.org/assignments/media-types/application/json",
    "html": "https://www.iana.org/assignments/media-types/text/html",
    "pdf": "https://www.iana.org/assignments/media-types/application/pdf",
    "xlsx": "https://www.iana.org/assignments/media-types/application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "ods": "https://www.iana.org/assignments/media-types/application/vnd.oasis.opendocument.spreadsheet",
}


def dcat(material: Material, files: Iterable[str], identifier: str) -> bytes:
    """Return the record of the data set with that *identifier*, which comes in *files*, named as beside the record."""
    report, say = material.report, material.say
    zone = ZoneInfo(report.time_zone)
    start, end = (
        local_time(moment, zone).date().isoformat() for moment in (report.interval.start, report.interval.end - 1)
    )
    content: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": f"urn:uuid:{identifier}",
        "@type": "dcat:Dataset",
        "dct:title": {
            "@value": say("report.title", period=material.period),
            "@language": material.words.language.value,
        },
        "dct:description": {"@value": say("dcat.description"), "@language": material.words.language.value},
        "dct:identifier": identifier,
        "dct:publisher": {"@type": "foaf:Agent", "foaf:name": material.about.get("organisation", "")},
        "dct:language": {"@id": LANGUAGES[material.words.language.value]},
        "dct:modified": {"@value": utc(min(report.closed_through, report.interval.end)), "@type": "xsd:dateTime"},
        "dct:temporal": {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": {"@value": start, "@type": "xsd:date"},
            "dcat:endDate": {"@value": end, "@type": "xsd:date"},
        },
        "dct:accrualPeriodicity": {"@id": YEARLY},
        "dcat:theme": {"@id": THEME},
        "dcat:keyword": list(say("dcat.keywords").split(", ")),
        "dcat:distribution": [_distribution(name) for name in sorted(files) if name.rpartition(".")[2] in MEDIA],
    }
    return f"{json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)}\n".encode()


def _distribution(name: str) -> dict[str, Any]:
    return {
        "@type": "dcat:Distribution",
        "dct:title": name,
        "dcat:accessURL": {"@id": name},
        "dcat:mediaType": {"@id": MEDIA[name.rpartition(".")[2]]},
        "dct:license": {"@id": LICENCE},
    }
