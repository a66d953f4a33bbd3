from monitor.config.lines import lines_of


def test_keys_and_tables_have_their_lines() -> None:
    lines = lines_of('# head\n\n[host]\nname = "a"\n\n[sampling]\nevery = "5s"\n')
    assert lines == {"host": 3, "host.name": 4, "sampling": 6, "sampling.every": 7}


def test_each_table_of_an_array_has_its_own() -> None:
    lines = lines_of('[[service]]\nkey = "a"\n[[service]]\nkey = "b"\n[service.match]\nport = 8\n')
    assert lines["service[0].key"] == 2
    assert lines["service[1].key"] == 4
    assert lines["service[1].match.port"] == 6


def test_arrays_within_arrays_are_counted_apart() -> None:
    text = "[[contract]]\n[[contract.clause]]\na = 1\n[[contract]]\n[[contract.clause]]\nb = 1\n[[contract.clause]]\n"
    lines = lines_of(text)
    assert lines["contract[0].clause[0].a"] == 3
    assert lines["contract[1].clause[0].b"] == 6
    assert lines["contract[1].clause[1]"] == 7


def test_text_over_several_lines_does_not_hide_what_follows() -> None:
    lines = lines_of('[host]\nname = """\n[sampling]\nevery = 3\n"""\nsite = "x"\n')
    assert lines == {"host": 1, "host.name": 2, "host.site": 6}


def test_a_list_over_several_lines_stands_where_it_begins() -> None:
    lines = lines_of('a = [\n  "x", # ]\n  "y",\n]\nb = { c = 1 }\nd.e = 2\n')
    assert (lines["a"], lines["a[1]"], lines["b.c"], lines["d.e"]) == (1, 1, 5, 6)
