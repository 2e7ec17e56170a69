"""Two SIP users of the demo, talking to each other without a gateway."""

import asyncio

from tandem.codecs.g711 import Law
from tandem.gateway.demo.agent import UserAgent
from tandem.gateway.demo.speech import Speech


def free_address():
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()


async def conversation():
    sent = []
    caller = UserAgent("caller", free_address(), "A", Speech("127.0.0.1", Law.A, 1, 2), lambda *m: sent.append(m))
    address = free_address()
    callee = UserAgent("callee", address, "A", Speech("127.0.0.1", Law.A, 2, 2))
    try:
        async with asyncio.timeout(20):
            caller.call("123", address, "100")
            await callee.happened.offered.wait()
            callee.ring()
            await caller.happened.ringing.wait()
            callee.answer()
            await caller.happened.answered.wait()
            await asyncio.sleep(1.2)
            callee.hang_up()
            await caller.happened.over.wait()
        return caller, callee, sent
    finally:
        caller.close()
        callee.close()


def test_a_call_between_two_users_is_heard_exactly():
    caller, callee, sent = asyncio.run(conversation())
    assert [str(message).split()[0] for _, _, message in sent][:1] == ["INVITE"]
    for speaker, hearer in ((caller, callee), (callee, caller)):
        quality = hearer.speech.quality(speaker.speech)
        assert quality.heard
        assert quality.lost_samples == quality.repeated_samples == 0
        assert hearer.speech.delay_ms(quality, speaker.speech) < 1000


async def refused():
    from tandem.gateway.sip.primitives import IncomingInvite

    address = free_address()
    caller = UserAgent("caller", free_address(), "A", Speech("127.0.0.1", Law.A, 1, 1))
    callee = UserAgent("callee", address, "A", Speech("127.0.0.1", Law.A, 2, 1))
    noticed = callee._noticed

    def refuse(output):
        if isinstance(output, IncomingInvite):
            callee._agent.respond(output.call, 486, now=asyncio.get_running_loop().time())
        else:
            noticed(output)

    callee._noticed = refuse
    try:
        async with asyncio.timeout(20):
            caller.call("123", address, "100")
            await caller.happened.over.wait()
        return caller.failure
    finally:
        caller.close()
        callee.close()


def test_a_refusal_is_noticed():
    assert asyncio.run(refused()) == "refused with 486"
