"""What goes down to level 2."""

from collections import Counter

import pytest

from tandem.ss7.mtp3.configuration import Configuration, LinkConfiguration, LinksetConfiguration
from tandem.ss7.mtp3.label import RoutingLabel, ServiceInformation, Variant
from tandem.ss7.mtp3.link_management import LinkState
from tandem.ss7.mtp3.linkset import SendManagement
from tandem.ss7.mtp3.msu import decode_msu
from tandem.ss7.mtp3.node import SignallingPoint
from tandem.ss7.mtp3.primitives import Notice, SendMessage
from tandem.ss7.mtp3.sending import Sender


def sender(variant=Variant.ITU):
    """A sender, its outputs, and a linkset of two links of which the second is usable."""
    linkset = LinksetConfiguration("a", 2, [LinkConfiguration(10, 4), LinkConfiguration(11, 5)])
    configuration = Configuration(1, [linkset], variant)
    node = SignallingPoint(configuration)
    node._links[11].state = LinkState.AVAILABLE
    outputs: list[SendMessage | Notice] = []
    return Sender(configuration, outputs, Counter()), outputs, node._linksets["a"]


def test_user_message():
    it, outputs, _ = sender()
    it.message(10, 5, 2, 9, bytes.fromhex("0c000900"))
    assert outputs == [SendMessage(10, bytes.fromhex("85024000900c000900"))]


def test_user_message_with_24_bit_codes():
    it, outputs, _ = sender(Variant.CHINA)
    it.emit(10, it.encode(5, 0x010203, 9, b"x", opc=0x040506))
    assert outputs == [SendMessage(10, bytes.fromhex("8503020106050409") + b"x")]


def test_more_destinations_than_are_remembered():
    it, _, _ = sender(Variant.ANSI)
    for _ in range(2):
        for dpc in range(5000):
            msu = decode_msu(it.encode(5, dpc, dpc, b"xyz", 9 if dpc % 2 else None, dpc % 4), Variant.ANSI)
            assert msu.label == RoutingLabel(dpc, 9 if dpc % 2 else 1, dpc % 256)
            assert (msu.information, msu.data) == (ServiceInformation(5, 2, dpc % 4), b"xyz")


@pytest.mark.parametrize(("length", "sent"), [(268, True), (269, False)])
def test_longest_message(length, sent):
    it, outputs, _ = sender()
    it.message(10, 5, 2, 9, bytes(length))
    assert isinstance(outputs[0], SendMessage) is sent


@pytest.mark.parametrize(("dpc", "opc", "service"), [(16384, None, 5), (2, -1, 5), (2, 1, 16)])
def test_what_does_not_fit_is_dropped_with_a_notice(dpc, opc, service):
    it, outputs, _ = sender()
    it.message(10, service, dpc, 0, b"", opc)
    assert isinstance(outputs[0], Notice)


def test_management_carries_the_code_of_its_link():
    it, outputs, linkset = sender()
    it.management(linkset, "TRA")
    assert outputs[0].link == 11
    assert str(decode_msu(outputs[0].msu)) == "1->2 sls 5 TRA"


def test_message_about_a_link_goes_over_another_when_that_one_is_down():
    it, outputs, linkset = sender()
    it.about_link(linkset, SendManagement("ECO", 4))
    it.about_link(linkset, SendManagement("LIA", 5))
    assert [(output.link, str(decode_msu(output.msu))) for output in outputs] == [
        (11, "1->2 sls 4 ECO"),
        (11, "1->2 sls 5 LIA"),
    ]


def test_ansi_repeats_the_link_code_in_the_message():
    it, outputs, linkset = sender(Variant.ANSI)
    it.about_link(linkset, SendManagement("LIA", 4))
    it.about_link(linkset, SendManagement("CNP", 4))
    it.link_test(linkset.links[1])
    inhibited, not_possible, test = [decode_msu(output.msu, Variant.ANSI) for output in outputs]
    assert inhibited.management.fields == {"signalling_link_code": 4}
    assert not_possible.management.fields == {}
    assert (test.information.service, test.information.priority) == (2, 3)
    assert test.management.fields == {"signalling_link_code": 5}


def test_no_link_at_all():
    it, outputs, linkset = sender()
    linkset.links[1].state = LinkState.WAITING
    it.management(linkset, "TRA")
    assert outputs == []
