"""`empreinte doctor`: what can be measured here, what can't, why, and the cure."""

import json
from typing import Annotated, Final

import typer

from monitor.cli.session import AsJson, CommandError, ConfigFile, Debug, Lang, Status, session_of
from monitor.cli.terminal import Terminal

SHORTEST: Final = 5
LONGEST: Final = 3600
"""Seconds that a comparison may take: less says nothing, more is the daemon's work."""


def doctor(
    context: typer.Context,
    *,
    as_json: AsJson = False,
    compare: Annotated[
        int | None,
        typer.Option(
            metavar="SECONDS",
            min=SHORTEST,
            max=LONGEST,
            help="Measure for so long beside CodeCarbon and the wall's meter, and say why the figures differ.",
        ),
    ] = None,
    lang: Lang = None,
    config: ConfigFile = None,
    debug: Debug = False,
) -> int:
    """Say what can be measured here, what can't, and the cure.

    It changes nothing, and may be run beside the daemon. Run it as the user that the daemon runs as: what may be read
    depends on that.

    \b
    Examples:
      empreinte doctor
      sudo -u empreinte empreinte doctor
      empreinte doctor --compare 60

    Exit status: 0 the daemon can run and energy is known; 1 it can run, and no energy is known; 3 it can't run.
    """
    from monitor.adapters.codecarbon import CodeCarbonFailed
    from monitor.cli import examination
    from monitor.cli.comparison_lines import Comparison
    from monitor.cli.doctor_page import as_json as for_programs
    from monitor.cli.doctor_page import page
    from monitor.cli.speech import Speech
    from monitor.core.units import Duration
    from monitor.doctor import Verdict

    loaded = session_of(context, config, debug=debug).config()
    found = examination.examine(loaded)
    compared = None
    if compare is not None:
        try:
            compared = Comparison(compare, *examination.compare(loaded, Duration.from_seconds(compare)))
        except CodeCarbonFailed as error:
            raise CommandError(str(error), Status.IMPOSSIBLE) from error
    speech = Speech(lang or loaded.organisation.language, loaded.organisation.timezone)
    if as_json:
        typer.echo(json.dumps(for_programs(found, loaded, compared, speech), ensure_ascii=False, indent=1))
    else:
        typer.echo(page(found, loaded, compared, speech, Terminal.of_output()))
    statuses = {Verdict.MEASURES: Status.DONE, Verdict.BLIND: Status.NO, Verdict.IMPOSSIBLE: Status.IMPOSSIBLE}
    return statuses[found.verdict]
