from monitor.core.entries import ServiceFacts
from monitor.ledger.naming import Naming


def facts(key: str, name: str = "", was: tuple[str, ...] = ()) -> ServiceFacts:
    return ServiceFacts(key, name or key.upper(), was=was)


def test_of_what_nobody_told_anything_the_key_is_the_name() -> None:
    assert Naming([]).facts("_other", 5) == ServiceFacts("_other", "_other")
    assert Naming([]).current_key("_other", 5) == "_other"
    assert Naming([]).latest() == {}
    assert Naming([]).changes() == set()


def test_a_change_takes_effect_with_the_first_hour_that_begins_after_it() -> None:
    naming = Naming([(100, facts("a", "old")), (205, facts("a", "new"))])
    names = {start: naming.facts("a", start).name for start in (100, 200, 204, 205, 300)}
    assert names == {100: "old", 200: "old", 204: "old", 205: "new", 300: "new"}
    assert naming.latest() == {"a": facts("a", "new")}
    assert naming.changes() == {205}


def test_what_was_first_known_holds_for_all_before() -> None:
    assert Naming([(100, facts("a", "first"))]).facts("a", 0).name == "first"


def test_the_order_in_which_facts_come_does_not_matter() -> None:
    dated = [(100, facts("a", "1")), (200, facts("a", "2")), (300, facts("a", "3"))]
    for order in (dated, dated[::-1], [dated[1], dated[0], dated[2]]):
        naming = Naming(order)
        assert [naming.facts("a", at).name for at in (150, 250, 350)] == ["1", "2", "3"]
        assert naming.last_of("a") == facts("a", "3")


def test_a_rename_carries_on_what_was_booked_before_it_and_nothing_after() -> None:
    naming = Naming([(100, facts("old")), (200, facts("new", was=("old",)))])
    assert [naming.current_key("old", at) for at in (0, 199, 200, 201)] == ["new", "new", "old", "old"]
    assert naming.current_key("new", 0) == "new"
    assert naming.facts("old", 150) == ServiceFacts("new", "OLD")
    assert set(naming.latest()) == {"new"}
    assert naming.changes() == {200}


def test_a_key_that_is_used_again_after_its_rename_is_another_service() -> None:
    naming = Naming([(100, facts("old")), (200, facts("new", was=("old",))), (300, facts("old", "another"))])
    assert naming.current_key("old", 150) == "new"
    assert naming.current_key("old", 300) == "old"
    assert set(naming.latest()) == {"new", "old"}


def test_renames_are_followed_to_the_last() -> None:
    naming = Naming([(1, facts("a")), (10, facts("b", was=("a",))), (20, facts("c", was=("b",)))])
    assert [naming.current_key(key, 5) for key in "abc"] == ["c", "c", "c"]
    assert [naming.current_key(key, 15) for key in "abc"] == ["a", "c", "c"]
    assert naming.current_key("b", 25) == "b"


def test_two_services_that_took_each_others_keys_end_somewhere() -> None:
    naming = Naming([(10, facts("a", was=("b",))), (10, facts("b", was=("a",)))])
    assert naming.current_key("a", 5) in {"a", "b"}
    assert Naming([(10, facts("a", was=("a",)))]).current_key("a", 5) == "a"


def test_a_rename_counts_from_when_it_was_first_told() -> None:
    told = [(100, facts("old")), (200, facts("new", was=("old",))), (300, facts("new", "N", was=("old",)))]
    naming = Naming(told)
    assert naming.current_key("old", 250) == "old"
    assert naming.changes() == {200, 300}


def test_a_rename_that_is_no_longer_configured_is_not_undone() -> None:
    naming = Naming([(100, facts("old")), (200, facts("new", was=("old",))), (300, facts("new"))])
    assert naming.current_key("old", 150) == "new"


def test_history_without_facts_of_its_own_takes_those_that_go_on() -> None:
    naming = Naming([(200, ServiceFacts("new", "New", "Culture", was=("old",)))])
    assert naming.facts("old", 100) == ServiceFacts("new", "New", "Culture", was=("old",))
