"""`sendmsg`."""

import pytest
from support.operator_desk import DeskBench

from tandem.gateway.applications.events import ChannelEvent, Happening
from tandem.gateway.esl.control import ChannelControl


@pytest.fixture
def scene():
    bench = DeskBench().up()
    channel = bench.called()
    return bench, channel, ChannelControl(bench.nodes["A"], lambda: bench.now)


def say(scene, channel=None, body="", **headers):
    bench, own, control = scene
    heard = []
    control.message(
        channel or own, {name.replace("_", "-"): value for name, value in headers.items()}, body, heard.append
    )
    bench._drain("A")
    return heard[0]


def test_executing_an_application(scene):
    bench, channel, control = scene
    answer = say(scene, call_command="execute", execute_app_name="set", execute_app_arg="colour=blue")
    assert answer == "+OK"
    bench.run(0.1)
    assert bench.ask(f"uuid_getvar {channel} colour") == "blue"
    assert say(scene, call_command="execute", execute_app_name="set", body="colour=red") == "+OK"
    bench.run(0.1)
    assert bench.ask(f"uuid_getvar {channel} colour") == "red"
    assert control.exists(channel)


def test_hanging_up(scene):
    bench, channel, control = scene
    assert say(scene, call_command="hangup", hangup_cause="USER_BUSY") == "+OK"
    bench.run(2)
    assert not control.exists(channel)
    assert say(scene, call_command="hangup") == f"-ERR invalid session id [{channel}]"


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        ({}, "-ERR no call-command"),
        ({"call_command": "nomedia"}, "-ERR call-command nomedia is not done here"),
        ({"call_command": "execute", "execute_app_name": "dance"}, "-ERR there is no application 'dance'"),
    ],
)
def test_what_is_refused(scene, headers, text):
    assert say(scene, **headers).startswith(text)
    assert say(scene, channel="nobody", call_command="hangup") == "-ERR invalid session id [nobody]"


def test_the_name_that_a_client_gave_comes_back_with_the_events(scene):
    bench, channel, control = scene
    board = bench.nodes["A"].switchboard
    assert say(scene, call_command="execute", execute_app_name="playback", event_uuid="mine") == "+OK mine"
    snapshot = board.dump(channel)

    def event(what, application="playback"):
        return ChannelEvent(what, 0.0, snapshot, {"application": application})

    assert control.name_of(event(Happening.CHANNEL_EXECUTE)) == "mine"
    assert control.name_of(event(Happening.CHANNEL_EXECUTE, "park")) == ""
    assert control.name_of(event(Happening.CHANNEL_EXECUTE_COMPLETE)) == "mine"
    assert control.name_of(event(Happening.CHANNEL_EXECUTE_COMPLETE)) == ""
    assert control._ordered == {}


def test_names_do_not_outlive_their_channel(scene):
    _, channel, control = scene
    say(scene, call_command="execute", execute_app_name="playback", event_uuid="mine")
    snapshot = scene[0].nodes["A"].switchboard.dump(channel)
    control.name_of(ChannelEvent(Happening.CHANNEL_HANGUP_COMPLETE, 0.0, snapshot, {}))
    assert control._ordered == {}
    say(scene, call_command="execute", execute_app_name="playback", event_uuid="mine")
    control.clear()
    assert control._ordered == {}
    say(scene, call_command="execute", execute_app_name="dance", event_uuid="mine")
    assert control._ordered == {}
