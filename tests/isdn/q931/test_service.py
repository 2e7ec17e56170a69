import pytest
from support.pri_pair import Pair
from support.pri_single import Single

from tandem.isdn.q931.channel import ChannelIdentification
from tandem.isdn.q931.channels import ChannelId, Service
from tandem.isdn.q931.indications import ChangeStatus
from tandem.isdn.q931.messages import decode
from tandem.isdn.q931.switch_types import SwitchType

AMERICAN = [SwitchType.NI2, SwitchType.LUCENT_5ESS, SwitchType.DMS100, SwitchType.ATT_4ESS]
FIRST = ChannelId(0, 1)


@pytest.mark.parametrize("switch_type", AMERICAN, ids=str)
def test_both_ends_know(switch_type):
    pair = Pair(switch_type=switch_type)
    pair.a.interface.block([FIRST], pair.now)
    pair.run(1)
    assert pair.a.types() == ["SERVICE"]
    assert pair.b.types() == ["SERVICE ACKNOWLEDGE"]
    assert pair.a.interface.channel_states()[FIRST][1] is Service.LOCAL_MAINTENANCE
    assert pair.b.interface.channel_states()[FIRST][1] is Service.REMOTE_MAINTENANCE
    assert pair.b.interface.idle_channels == 3
    pair.a.interface.unblock([FIRST], pair.now)
    pair.run(1)
    pair.assert_agreed()


def test_euroisdn_has_no_service():
    single = Single()
    single.ask("block", [FIRST])
    assert single.names == []
    assert single.interface.idle_channels == 2
    single.octets(bytes.fromhex("030200000f0101c21803a18382"))
    assert single.names == []


def test_octets_of_a_service():
    single = Single(switch_type=SwitchType.DMS100)
    single.octets(bytes.fromhex("030200000f0101c21803a18382"))
    assert single.kernel.channels.get(ChannelId(0, 2)).service is Service.REMOTE_MAINTENANCE
    assert single.sent[0].encode().hex() == "03028000070101c21803a18382"


def test_two_reasons():
    single = Single(switch_type=SwitchType.NI2)
    single.ask("block", [FIRST])
    single.interface.block([FIRST], single.now, hardware=True)
    single.ask("unblock", [FIRST])
    assert single.names == ["SERVICE"]
    single.interface.unblock([FIRST], single.now, hardware=True)
    single.take()
    assert single.sent[0].get(ChangeStatus).status == 0


def test_no_answer():
    single = Single(switch_type=SwitchType.NI2)
    single.ask("block", [FIRST])
    assert not single.interface.quiet
    single.wait(361)
    assert single.names == ["SERVICE"] * 3
    assert single.primitives == ["Alert"]
    assert single.interface.quiet


def test_said_again_when_the_link_is_back():
    single = Single(switch_type=SwitchType.NI2)
    single.interface.link_released(0, single.now)
    single.ask("block", [FIRST])
    assert single.names == []
    single.interface.established(0, single.now)
    single.take()
    (message,) = single.sent
    assert message.get(ChannelIdentification).channel == 1
    assert decode(message.encode()).discriminator == 0x43


def test_a_service_without_channel_is_ignored():
    single = Single(switch_type=SwitchType.NI2)
    single.receive(0x07, ChangeStatus(2), reference=0, discriminator=0x43)
    assert single.names == []


def test_said_again_when_the_link_is_reset():
    single = Single(switch_type=SwitchType.NI2)
    single.ask("block", [FIRST])
    single.interface.established(0, single.now)
    single.take()
    assert single.names == ["SERVICE"] * 2
