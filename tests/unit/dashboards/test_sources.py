import pytest

from dashboards.failures import NotPushedError, RefusedError
from dashboards.provisioning import data_source
from dashboards.push import Fate
from dashboards.sources import planned_source, write_source
from tests.parts.grafana import EDITOR, FakeGrafana
from tests.unit.dashboards.little_boards import client

HERE = data_source("empreinte-prometheus", "http://127.0.0.1:9090")
ELSEWHERE = data_source("empreinte-prometheus", "http://prometheus:9090")


def test_a_data_source_is_made_once() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        assert planned_source(grafana, HERE) is Fate.CREATED
        assert fake.writes == []
        write_source(grafana, HERE, Fate.CREATED)
        assert planned_source(grafana, HERE) is Fate.UNCHANGED
        write_source(grafana, HERE, Fate.UNCHANGED)
        assert len(fake.writes) == 1
        assert fake.store.data_sources["empreinte-prometheus"]["jsonData"] == {"httpMethod": "POST"}


def test_a_slash_at_its_end_makes_no_other_address() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        write_source(grafana, data_source("empreinte-prometheus", "http://127.0.0.1:9090/"), Fate.CREATED)
        assert planned_source(grafana, HERE) is Fate.UNCHANGED


def test_one_that_leads_elsewhere_is_left_alone_unless_it_is_to_be_overwritten() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        write_source(grafana, ELSEWHERE, Fate.CREATED)
        assert planned_source(grafana, HERE) is Fate.EDITED
        write_source(grafana, HERE, Fate.EDITED)
        assert fake.store.data_sources["empreinte-prometheus"]["url"] == "http://prometheus:9090"
        assert planned_source(grafana, HERE, force=True) is Fate.OVERWRITTEN
        write_source(grafana, HERE, Fate.OVERWRITTEN)
        assert fake.store.data_sources["empreinte-prometheus"]["url"] == "http://127.0.0.1:9090"


def test_one_from_files_can_be_used_and_not_changed() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        write_source(grafana, HERE, Fate.CREATED)
        fake.store.data_sources["empreinte-prometheus"]["readOnly"] = True
        assert planned_source(grafana, HERE, force=True) is Fate.UNCHANGED
        assert planned_source(grafana, ELSEWHERE) is Fate.EDITED
        with pytest.raises(NotPushedError, match="comes from files on its machine: change it there"):
            planned_source(grafana, ELSEWHERE, force=True)


def test_one_of_another_kind_is_never_touched() -> None:
    with FakeGrafana() as fake, client(fake) as grafana:
        write_source(grafana, HERE, Fate.CREATED)
        fake.store.data_sources["empreinte-prometheus"]["type"] = "loki"
        with pytest.raises(NotPushedError, match="is no Prometheus, but loki: choose another uid"):
            planned_source(grafana, HERE, force=True)


def test_an_editor_may_not_look_at_data_sources() -> None:
    with FakeGrafana() as fake, client(fake, EDITOR) as grafana, pytest.raises(RefusedError, match="or Admin where"):
        planned_source(grafana, HERE)
