"""Several phones of one user, rung at once (RFC 3261 16.7)."""

from dataclasses import replace

import pytest
from support.sip_bench import OFFER
from support.sip_phones import BOB, PHONES, call, phones, register

from tandem.gateway.sip.primitives import Answered, Cancelled, Ended, IncomingInvite, Provisional, Rejected
from tandem.gateway.trunks.sip_forks import best
from tandem.gateway.trunks.sip_session import Failure

FIRST, SECOND, THIRD = ("10.0.0.2", 5066), ("10.0.0.3", 5060), ("10.0.0.4", 5060)


class Household:
    """Three phones of bob, none of which answers by itself, and the carrier that calls him."""

    def __init__(self, text=PHONES):
        self.bench, _, first = phones(text)
        del self.bench.answers[FIRST]
        self.phones = {FIRST: first}
        for address in (SECOND, THIRD):
            self.phones[address] = self.bench.agent(*address)
            register(self.bench, self.phones[address], BOB)
        self.carrier = self.bench.agent("10.0.0.9")
        self.call = call(self.bench, self.carrier, "200")

    def respond(self, address, status, body=None):
        agent = self.phones[address]
        (offered,) = self.heard(address, IncomingInvite)
        agent.respond(offered.call, status, body=body, now=self.bench.now)
        self.bench.run(0.1)
        return offered.call

    def heard(self, address, kind):
        return self.bench.heard(self.phones[address], kind)

    def told(self):
        """Statuses that the caller got, 100 left out, and that of the end."""
        heard = self.bench.events["10.0.0.9", 5060]
        return [event.status for event in heard if isinstance(event, Provisional | Rejected) and event.status > 100]

    def clean(self):
        """Nothing is left."""
        self.bench.run(200)
        sip = self.bench.node.sip
        assert [len(held) for held in (sip._sessions, sip._forked, sip._by_leg)] == [0, 0, 0]
        assert sip.trunks["phones"].calls == 0
        assert sip.agent.sizes()["calls"] == 0
        assert sip.agent.sizes()["dialogs"] == 0
        assert len(sip.ports) == 20
        (record,) = self.bench.records
        return record


def test_all_ring_and_the_first_to_answer_has_the_call():
    home = Household()
    for address in home.phones:
        assert home.heard(address, IncomingInvite), address
        home.respond(address, 180)
    assert home.told() == [180, 180, 180]
    winner = home.respond(SECOND, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    for address in (FIRST, THIRD):
        (cancelled,) = home.heard(address, Cancelled)
        assert 'SIP;cause=200;text="Call completed elsewhere"' in cancelled.message.get("Reason")
    home.phones[SECOND].bye(winner, (), home.bench.now)
    home.bench.run(0.1)
    assert home.bench.heard(home.carrier, Ended)
    record = home.clean()
    (offered,) = home.heard(SECOND, IncomingInvite)
    assert (record.result, record.outgoing.id) == ("answered", offered.request.call_id)


def test_each_phone_has_an_invite_of_its_own():
    home = Household()
    requests = [home.heard(address, IncomingInvite)[0].request for address in home.phones]
    assert len({request.call_id for request in requests}) == 3, "one device behind two contacts must not see a merge"
    assert len({request.body for request in requests}) == 1, "the same offer"
    home.carrier.cancel(home.call, (), home.bench.now)
    home.bench.run(0.1)
    assert all(home.heard(address, Cancelled) for address in home.phones)
    assert home.clean().cause == 16


@pytest.mark.parametrize(
    ("answers", "status"),
    [
        ([486, 486, 486], 486),
        ([480, 486, 404], 486),
        ([500, 404, 480], 404),
        ([404, 500, 488], 404),
    ],
)
def test_the_best_refusal_is_told_when_all_have_refused(answers, status):
    home = Household()
    for number, (address, answer) in enumerate(zip(home.phones, answers, strict=True)):
        assert home.told() == [], number
        home.respond(address, answer)
    assert home.told() == [status]
    assert home.clean().result == "failed"


@pytest.mark.parametrize("decliner", [FIRST, SECOND, THIRD])
def test_who_declines_declines_for_all(decliner):
    """6xx ends every branch, whichever says so."""
    home = Household()
    home.respond(decliner, 603)
    assert all(home.heard(address, Cancelled) for address in home.phones if address != decliner)
    assert home.told() == [603]
    assert home.clean().cause == 21


@pytest.mark.parametrize("gone", [FIRST, SECOND, THIRD])
def test_a_phone_that_refuses_or_is_gone_leaves_the_others(gone):
    home = Household()
    home.respond(gone, 486)
    left = [address for address in home.phones if address != gone]
    home.respond(left[0], 180)
    home.respond(left[0], 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    home.bench.run(0.1)
    assert home.heard(left[0], Ended)
    assert home.clean().result == "answered"


def test_early_media_of_each_is_its_own():
    """An answer without a description has that of its own early dialog."""
    home = Household()
    other = OFFER.replace(b"4000", b"4400")
    home.respond(FIRST, 183, OFFER)
    home.respond(THIRD, 183, other)
    home.respond(FIRST, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    assert home.clean().result == "answered"


def test_two_that_answer_at_once():
    """The one whose answer comes second is hung up."""
    home = Household()
    for address in (FIRST, SECOND):
        (offered,) = home.heard(address, IncomingInvite)
        home.phones[address].respond(offered.call, 200, body=OFFER, now=home.bench.now)
    home.bench.run(0.5)
    assert len(home.bench.heard(home.carrier, Answered)) == 1
    assert len(home.heard(FIRST, Ended)) + len(home.heard(SECOND, Ended)) == 1
    home.carrier.bye(home.call, (), home.bench.now)
    assert home.clean().result == "answered"


def test_phones_that_are_gone_are_not_waited_for():
    home = Household()
    for address in (FIRST, SECOND):
        del home.bench.agents[address]
    home.bench.run(40)
    home.respond(THIRD, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    assert home.clean().result == "answered"


def test_lower_q_rings_when_the_better_have_failed():
    bench, _, first = phones()
    del bench.answers[FIRST]
    second = bench.agent(*SECOND)
    register(bench, second, BOB)
    bindings = bench.node.sip.admission.registrar._bindings["bob"]
    (contact,) = [uri for uri, binding in bindings.items() if binding.source == SECOND]
    bindings[contact] = replace(bindings[contact], quality=0.5)
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, "200")
    assert not bench.heard(second, IncomingInvite)
    first.respond(bench.heard(first, IncomingInvite)[0].call, 480, now=bench.now)
    bench.run(0.1)
    assert bench.heard(second, IncomingInvite)


@pytest.mark.parametrize(
    ("statuses", "told"),
    [
        ([486, 603], 603),
        ([503, 486], 486),
        ([302, 486], 302),
        ([408, 480], 480),
        ([486, 484], 484),
        ([None, 500], None),
    ],
)
def test_best(statuses, told):
    assert best([Failure(status) for status in statuses]).status == told


FOLLOW = PHONES.replace("registrar = true\n", 'registrar = true\nredirects = "follow"\n')
AWAY, FURTHER = ("10.0.0.5", 5060), ("10.0.0.6", 5060)


def moved(home, address, *places):
    """A phone is diverted to other places."""
    for place in places:
        home.phones[place] = home.bench.agent(*place)
    (offered,) = home.heard(address, IncomingInvite)
    contacts = tuple(("Contact", f"<sip:bob@{host}>") for host, _ in places)
    home.phones[address].respond(offered.call, 302, headers=contacts, now=home.bench.now)
    home.bench.run(0.1)


@pytest.mark.parametrize("diverted", [FIRST, SECOND, THIRD])
def test_a_phone_that_is_diverted_rings_elsewhere_beside_the_others(diverted):
    home = Household(FOLLOW)
    moved(home, diverted, AWAY)
    assert home.heard(AWAY, IncomingInvite)
    left = [address for address in (FIRST, SECOND, THIRD) if address != diverted]
    assert not any(home.heard(address, Cancelled) for address in left)
    home.respond(AWAY, 180)
    home.respond(AWAY, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    assert all(home.heard(address, Cancelled) for address in left)
    home.carrier.bye(home.call, (), home.bench.now)
    home.bench.run(0.1)
    assert home.heard(AWAY, Ended)
    assert home.clean().result == "answered"


def test_further_places_of_one_that_is_diverted_are_for_when_all_have_failed():
    home = Household(FOLLOW)
    moved(home, SECOND, AWAY, FURTHER)
    for address in (FIRST, THIRD):
        home.respond(address, 486)
    assert not home.heard(FURTHER, IncomingInvite)
    home.respond(AWAY, 486)
    assert home.heard(FURTHER, IncomingInvite)
    assert home.told() == []
    home.respond(FURTHER, 480)
    assert home.told() == [480]
    home.clean()


def test_a_diversion_that_is_not_followed_is_a_failure_among_others():
    home = Household()
    moved(home, SECOND, AWAY)
    assert not home.heard(AWAY, IncomingInvite)
    home.respond(FIRST, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    home.clean()


def test_the_last_phone_is_diverted():
    """Nobody rings beside it."""
    home = Household(FOLLOW)
    for address in (FIRST, SECOND):
        home.respond(address, 486)
    moved(home, THIRD, AWAY)
    home.respond(AWAY, 200, OFFER)
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    assert home.clean().result == "answered"


def deflect(home, agent, number, host="127.0.0.1"):
    """A phone diverts its call to a number at the gateway."""
    address = agent.configuration.host, agent.configuration.port
    offered = home.bench.heard(agent, IncomingInvite)[-1]
    contact = (("Contact", f"<sip:{number}@{host}>"),)
    home.bench.agents[address].respond(offered.call, 302, headers=contact, now=home.bench.now)
    home.bench.run(0.1)


@pytest.mark.parametrize("named", ["100", "alice"])
def test_a_phone_diverts_to_a_number_of_the_gateway(named):
    """By the rules for phones: alice is rung, and told for whom."""
    home = Household(FOLLOW)
    for address in (FIRST, SECOND):
        home.respond(address, 486)
    deflect(home, home.phones[THIRD], named)
    alice = home.bench.agents["10.0.0.1", 5060]
    (offered,) = home.bench.heard(alice, IncomingInvite)
    assert "sip:200@" in offered.request.get("diversion")
    assert "reason=deflection" in offered.request.get("diversion")
    assert home.bench.heard(home.carrier, Answered)
    home.carrier.bye(home.call, (), home.bench.now)
    record = home.clean()
    assert (record.result, record.outgoing.called) == ("answered", "100")


@pytest.mark.parametrize(("text", "number", "status"), [(FOLLOW, "999", 410), (PHONES, "100", 410)])
def test_a_diversion_without_a_rule_or_leave(text, number, status):
    home = Household(text)
    for address in (FIRST, SECOND):
        home.respond(address, 486)
    deflect(home, home.phones[THIRD], number)
    assert home.told() == [status]
    assert home.clean().cause == 23


def test_phones_that_divert_to_each_other():
    bench, alice, bob = phones(FOLLOW)
    bench.answers.clear()
    carrier = bench.agent("10.0.0.9")
    call(bench, carrier, "200")
    for _ in range(6):
        for agent, other in ((bob, "100"), (alice, "200")):
            for offered in bench.heard(agent, IncomingInvite):
                agent.respond(offered.call, 302, headers=(("Contact", f"<sip:{other}@127.0.0.1>"),), now=bench.now)
            bench.run(0.1)
    assert len(bench.heard(alice, IncomingInvite)) + len(bench.heard(bob, IncomingInvite)) == 6
    assert bench.heard(carrier, Rejected)[0].status == 410
