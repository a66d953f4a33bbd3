import pytest

from dashboards.differences import differences


@pytest.mark.parametrize(
    ("there", "wanted", "told"),
    [
        ({"title": "a"}, {"title": "b"}, ["title"]),
        ({"title": "a"}, {"title": "a"}, []),
        ({"time": {"from": "now-1d", "to": "now"}}, {"time": {"from": "now-7d", "to": "now"}}, ["time.from"]),
        ({}, {"refresh": ""}, ["refresh"]),
        ({"refresh": "5m"}, {}, ["refresh"]),
        ({"weekStart": "", "links": [], "liveNow": False, "description": None}, {}, []),
        ({"editable": 1}, {"editable": True}, ["editable"]),
        ({"tags": ["a"]}, {"tags": ["a", "b"]}, ["tags[1]"]),
        ({"tags": "a"}, {"tags": ["a"]}, ["tags"]),
    ],
)
def test_what_differs_is_told_by_its_path(there: object, wanted: object, told: list[str]) -> None:
    assert list(differences(there, wanted)) == told


def test_a_panel_is_known_by_its_id_wherever_it_stands() -> None:
    there = {"panels": [{"id": 1, "title": "a"}, {"id": 2, "title": "b"}]}
    wanted = {"panels": [{"id": 7, "title": "new"}, {"id": 1, "title": "a"}, {"id": 2, "title": "B"}]}
    assert list(differences(there, wanted)) == ["panels[id=2].title", "panels[id=7]"]


def test_another_order_is_a_difference() -> None:
    there = {"panels": [{"id": 1}, {"id": 2}]}
    assert list(differences(there, {"panels": there["panels"][::-1]})) == ["panels (order)"]


def test_members_that_share_an_id_are_told_by_their_place() -> None:
    there = {"panels": [{"id": 1, "title": "a"}, {"id": 1, "title": "b"}]}
    wanted = {"panels": [{"id": 1, "title": "a"}, {"id": 1, "title": "c"}]}
    assert list(differences(there, wanted)) == ["panels[1].title"]
