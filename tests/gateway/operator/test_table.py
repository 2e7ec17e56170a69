"""Every command: its help, its usage, and that nonsense never breaks it."""

import pytest
from support.operator_desk import DeskBench

from tandem.gateway.applications.programs import PROGRAMS
from tandem.gateway.operator.table import command_table

NAMES = [command.name for command in command_table()]


def test_the_commands_that_users_expect_are_there():
    wanted = """status version show channels|calls|registrations|circuits|spans|links|routes sofia status|profile fsctl
    reload ss7 linkset link|activate|deactivate|inhibit|uninhibit circuit block|unblock|reset|show pri span route test
    mappings trace start|stop capture"""
    words = {word for part in wanted.split() for word in part.split("|")}
    assert words <= {word for name in NAMES for word in name.split()}


BENCH = DeskBench().up()
TYPED = ("", "x", "pstn", "pstn 999", "a b c d e f", "all", "-1", "é 'q", "pbx 1", "peer/0", "as json")


@pytest.mark.parametrize("name", NAMES)
def test_each_has_help_and_answers_whatever_is_typed(name):
    command = command_table().commands[name]
    assert command.help.endswith(".")
    assert command.help[0].isupper()
    text = BENCH.ask(f"help {name}")
    own = text[text.index(f"usage: {name}") :].split("\nusage: ")[0]
    assert ("changes something" in own) == command.changes
    for typed in TYPED:
        answers = BENCH.begin(f"{name} {typed}")
        if not answers:  # a neighbour has to agree, or to have its time over
            BENCH.run(10)
        (answer,) = answers
        assert isinstance(answer, str)
        for end in ("", " "):
            BENCH.desk.table.completions(BENCH.desk.context("x"), f"{name} {typed}{end}")


@pytest.mark.parametrize(
    "line",
    """
status;version;show channels;show calls;show registrations;show circuits;show spans;show links;show routes
show channels as json;show calls as json;show routes as json;sofia status;sofia status profile sip
sofia status profile sip reg;sofia status gateway;sofia status gateway pbx;sofia profile sip siptrace on
sofia profile sip siptrace off;fsctl pause;fsctl resume;fsctl shutdown elegant;fsctl shutdown cancel;reload
ss7;linkset;link;circuit show pstn;circuit block pstn 1;circuit unblock pstn 1;circuit reset pstn 1;pri
route test 0301234;mappings;trace start isup;trace stop isup;capture;span;span alarm e1 on;span alarm e1 off;hupall
""".replace("\n", ";")
    .strip(";")
    .split(";"),
)
def test_what_users_of_freeswitch_and_of_exchanges_type_is_done(line):
    answer = BENCH.ask(line)
    assert answer is not None
    assert not answer.startswith("-ERR"), answer


def test_every_application_is_there():
    wanted = """answer pre_answer ring_ready hangup bridge echo park hold playback record record_session gentones sleep
    set export read play_and_get_digits send_dtmf transfer socket"""
    assert set(wanted.split()) <= set(PROGRAMS)
