"""The event socket over TCP: clients, passwords, slow readers."""

import asyncio

import pytest
from support.event_server import Bench, Talk, run, started

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.schema import EventSocket
from tandem.gateway.esl.event import NAMES
from tandem.gateway.log import Line


def test_commands_and_jobs():
    async def scene(bench):
        client = await bench.client()
        assert await client.say("api status") == "+OK status\n"
        assert bench.carried_out == 1
        await client.say("event plain BACKGROUND_JOB")
        assert await client.say("bgapi originate user/1 &echo\nJob-UUID: j1") == "+OK Job-UUID: j1"
        headers, body = await client.hear()
        assert headers["content-type"] == "text/event-plain"
        assert "Job-UUID: j1\nJob-Command: originate\nJob-Command-Arg: user/1%20&echo\n" in body.replace("%26", "&")
        assert body.endswith("+OK originate user/1 &echo\n")
        assert [line for line, _, _ in bench.desk.asked] == ["status", "originate user/1 &echo"]

    run(scene)


def test_a_wrong_password_again_and_again():
    async def scene(bench):
        for _ in range(3):
            client = await bench.client(None)
            await client.hear()
            assert await client.say("auth wrong") == "-ERR invalid"
            assert (await client.hear())[0]["content-type"] == "text/disconnect-notice"
            assert await client.hear() is None
        client = await bench.client(None)
        headers, _ = await client.hear()
        assert headers["content-type"] == "text/rude-rejection"
        assert await client.hear() is None
        assert bench.said("said a wrong password, and will not be listened to for a while")
        assert bench.said("turned away: it said wrong passwords")

    run(scene, wrong_passwords=3)


def test_addresses_that_are_not_allowed():
    async def scene(bench):
        client = await bench.client(None)
        assert (await client.hear())[0]["content-type"] == "text/rude-rejection"
        assert bench.said("it is not in `allow`")
        bench.server.reconfigure(EventSocket(password="new", listen="127.0.0.1:0"))
        await bench.client("new")

    run(scene, allow=("192.0.2.0/24",))


def test_as_many_clients_as_are_allowed():
    async def scene(bench):
        first = await bench.client()
        await bench.client()
        third = await bench.client(None)
        assert (await third.hear())[0]["content-type"] == "text/rude-rejection"
        await first.say("exit")
        while len(bench.server.clients) > 1:  # noqa: ASYNC110 - nobody would set an event
            await asyncio.sleep(0.01)
        await bench.client()

    run(scene, connections=2)


def test_who_says_nothing_is_cut_off():
    async def scene(bench):
        silent, known = await bench.client(None), await bench.client()
        assert (await silent.hear())[0]["content-type"] == "auth/request"
        assert await silent.hear() is None
        assert await known.say("api status") == "+OK status\n"

    run(scene, login_seconds=1.0)


def test_read_only_access_is_told_to_the_desk():
    async def scene(bench):
        client = await bench.client("look")
        await client.say("api circuit block x")
        assert bench.desk.asked[0][2] is True
        assert await client.say("sendevent CUSTOM") == "-ERR this access is read-only"

    run(scene)


def test_events_go_to_those_who_want_them_only():
    async def scene(bench):
        first, second = await bench.client(), await bench.client()
        await first.say("event json CUSTOM tandem::span")
        assert bench.server.listening
        bench.server.publish(bench.server.stamp("CUSTOM", {"Event-Subclass": "tandem::span", "Span": "e1"}))
        headers, body = await first.hear()
        assert headers["content-type"] == "text/event-json"
        assert '"Span": "e1"' in body
        assert await second.say("noevents") == "+OK no longer listening for events"

    run(scene)


def test_what_nobody_wants_is_known_at_once():
    async def scene(bench):
        changes = []
        bench.server.changed = lambda: changes.append(bench.server.wanted())
        first, second = await bench.client(), await bench.client()
        assert changes[-1] == (frozenset(), {})
        await first.say("event plain DTMF CHANNEL_ANSWER")
        assert changes[-1] == ({"DTMF", "CHANNEL_ANSWER"}, {})
        await second.say("event json DTMF CUSTOM tandem::span")
        await first.say("nixevent CHANNEL_ANSWER")
        assert changes[-1] == ({"DTMF", "CUSTOM"}, {})
        await first.say("event plain ALL")
        await first.say("nixevent CHANNEL_STATE")
        assert changes[-1] == (NAMES - {"CHANNEL_STATE"}, {})
        assert await first.say("myevents u1") == "+OK Events Enabled"
        everywhere, channels = changes[-1]
        assert everywhere == {"DTMF", "CUSTOM"}
        assert channels == {"u1": NAMES}
        await first.say("exit")
        await second.say("noevents")
        count = len(changes)
        await second.say("api status")
        assert len(changes) == count, "nothing has changed"
        assert changes[-1] == (frozenset(), {})

    run(scene)


def test_who_controls_a_channel_is_to_be_told_of_its_end():
    async def scene(bench):
        heard = asyncio.Queue()
        server = await asyncio.start_server(lambda reader, writer: heard.put_nowait(writer), "127.0.0.1", 0)
        async with server:
            await bench.server.connect_out("127.0.0.1", server.sockets[0].getsockname()[1], "u1", {})
            writer = await heard.get()
            assert bench.server.wanted() == (frozenset(), {"u1": {"CHANNEL_HANGUP_COMPLETE"}})
            writer.close()

    run(scene)


def test_sendevent_is_heard_by_others_and_noted():
    async def scene(bench):
        first, second = await bench.client(), await bench.client()
        await first.say("event plain CUSTOM my::own")
        await second.say("sendevent CUSTOM\nEvent-Subclass: my::own")
        assert "Event-Subclass: my::own" in (await first.hear())[1]
        assert bench.desk.noted == [("sendevent CUSTOM", "+OK")]

    run(scene)


def test_sendmsg_and_myevents_ask_the_channels():
    async def scene(bench):
        client = await bench.client()
        assert await client.say("sendmsg u1\ncall-command: hangup") == "+OK"
        assert await client.say("sendmsg u2\ncall-command: hangup") == "-ERR invalid session id [u2]"
        assert bench.desk.noted == [("sendmsg u1 hangup", "+OK"), ("sendmsg u2 hangup", "-ERR invalid session id [u2]")]
        assert await client.say("myevents u1") == "+OK Events Enabled"
        assert await client.say("myevents u2") == "-ERR invalid uuid"

    run(scene)


def test_the_log_goes_to_those_who_listen():
    async def scene(bench):
        client = await bench.client()
        await client.say("log warning")
        bench.server.logged(Line("info", "=", "x", "quiet"))
        bench.server.logged(Line("error", "!", "records", "cannot be written"))
        assert (await client.hear())[1] == "! records: cannot be written\n"

    run(scene)


def test_a_slow_reader_is_cut_off_and_nobody_waits_for_it():
    async def scene(bench):
        slow, quick = await bench.client(), await bench.client()
        slow.writer.transport.pause_reading()
        for client in (slow, quick):
            await client.say("event plain HEARTBEAT") if client is quick else client.writer.write(
                b"event plain ALL\n\n"
            )
        await asyncio.sleep(0.05)
        heard = 0
        for _ in range(400):
            bench.server.publish(bench.server.stamp("HEARTBEAT", {"Filler": "x" * 50_000}))
            assert (await quick.hear())[0]["content-type"] == "text/event-plain"
            heard += 1
        assert heard == 400
        assert bench.said("cut off: it does not read")
        assert len(bench.server.clients) == 1
        assert await quick.say("api status") == "+OK status\n"

    run(scene, buffer_kilobytes=256)


def test_it_is_told_when_the_gateway_ends():
    async def scene(bench):
        client = await bench.client()
        await bench.server.close()
        assert (await client.hear())[0]["content-type"] == "text/disconnect-notice"
        assert await client.hear() is None

    run(scene)


def test_an_address_that_is_taken():
    async def scene(bench):
        other = Bench(listen=f"127.0.0.1:{bench.port}")
        with pytest.raises(ConfigurationError, match="cannot be opened: "):
            await other.server.start()

    run(scene)


def test_a_connection_that_the_gateway_makes():
    async def main():
        heard, listening = asyncio.Queue(), []

        async def serve(reader, writer):
            client = Talk(reader, writer)
            await heard.put(await client.say("connect"))
            await heard.put(await client.say("sendmsg\ncall-command: execute\nexecute-app-name: answer"))
            await heard.put(await client.hear())
            writer.close()

        listener = await asyncio.start_server(serve, "127.0.0.1", 0)
        async with started() as bench, listener:
            port = listener.sockets[0].getsockname()[1]
            bench.server.changed = lambda: listening.append(bench.server.listening)
            client = await bench.server.connect_out("127.0.0.1", port, "u1", {"Unique-ID": "u1"})
            assert listening == [True]
            assert await heard.get() == "+OK"
            assert await heard.get() == "+OK"
            assert list(bench.server.clients_of("u1")) == [client]
            client.session.channel_ended({})
            client.carry_out()
            assert (await heard.get())[0]["content-disposition"] == "disconnect"

    asyncio.run(main())
