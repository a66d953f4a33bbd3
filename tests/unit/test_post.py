"""Who is written to, as it is configured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from monitor.post import mail_of, writer_of
from tests.unit.config.test_file import read

if TYPE_CHECKING:
    from pathlib import Path

EMAIL = '[email]\nhost = "smtp.example.org"\nsender = "empreinte@example.org"\n'


def test_without_a_server_there_is_no_mail(tmp_path: Path) -> None:
    assert mail_of(read(tmp_path, "")) is None


def test_the_queue_has_a_name_for_each_kind_that_somebody_gets(tmp_path: Path) -> None:
    both = mail_of(read(tmp_path, f'{EMAIL}to = ["it@example.org"]\nsummary_to = ["maire@example.org"]\n'))
    one = mail_of(read(tmp_path, f'{EMAIL}summary_to = ["maire@example.org"]\n'))
    assert both is not None
    assert both.endpoints == ("smtp://smtp.example.org:587", "smtp+summary://smtp.example.org:587")
    assert one is not None
    assert one.endpoints == ("smtp+summary://smtp.example.org:587",)


def test_it_is_written_in_the_language_of_the_table_else_of_the_organisation(tmp_path: Path) -> None:
    french = f'[organisation]\nlanguage = "fr"\n{EMAIL}to = ["it@example.org"]\n'
    assert writer_of(read(tmp_path, french)).words.language == "fr"
    assert writer_of(read(tmp_path, f'{french}language = "en"\n')).words.language == "en"
