"""The rows of causes and charges between TUP and the call, each as a real call through a gateway with ISUP beyond.

The tables are typed in, not taken from the gateway; a row of `tandem mappings` that is not here fails the last test.
No Recommendation has them whole: see docs/reference/mappings.md.
"""

import pytest
from support.transit import IsupSide, Transit

from tandem.gateway.mappings import rows
from tandem.ss7.isup.indicators import BackwardCallIndicators, CallingPartysCategory
from tandem.ss7.isup.numbers import CalledPartyNumber, CallingPartyNumber, OriginalCalledNumber
from tandem.ss7.tup.codes import CHINA_ONLY
from tandem.ss7.tup.codes import MessageType as M
from tandem.ss7.tup.fields import CallingLineIdentity, MessageIndicators, OriginalCalledAddress
from tandem.ss7.tup.messages import AddressComplete, ExtendedUnsuccessful, InitialAddressWithInformation, Signal

#: Message of failure to cause of REL.
FAILURES = {
    "SEC": 42, "CGC": 34, "NNC": 42, "ADI": 28, "CFL": 31, "SSB": 17, "UNN": 1, "LOS": 27, "SST": 4, "ACB": 21,
    "DPN": 65, "MPR": 5, "EUM": 17, "SLB": 17, "STB": 17,
}  # fmt: skip
#: Cause of REL to message of failure, by variant.
ITU = {
    1: "UNN", 3: "UNN", 4: "SST", 5: "MPR", 17: "SSB", 18: "LOS", 19: "SST", 20: "SST", 21: "ACB", 22: "UNN", 27: "LOS",
    28: "ADI", 34: "CGC", 42: "SEC", 44: "CGC", 47: "SEC", 50: "ACB", 55: "ACB", 57: "ACB", 58: "DPN", 65: "DPN",
    87: "ACB", 88: "ACB",
}  # fmt: skip
MESSAGES = {"itu": ITU, "china": {**ITU, 2: "UNN", 5: "UNN", 17: "SLB", 18: "SST"}}
TOLD = [(variant, cause, message) for variant, rows in MESSAGES.items() for cause, message in rows.items()]
#: Causes without a row.
OTHERS = [(variant, cause, "CFL") for variant in MESSAGES for cause in (31, 38, 41, 102, 111, 127)]
#: Kind of ACM to charge indicator of the ISUP ACM (Q.763 3.5: 1 no charge, 2 charge); no indication becomes charge.
CHARGES = {"ADDRESS_COMPLETE": (0, 2), "CHARGE": (1, 2), "NO_CHARGE": (2, 1), "COIN_BOX": (3, 2)}
#: Nature of address of TUP to that of ISUP (subscriber 1, unknown 2, national 3, international 4).
NATURES = {"SUBSCRIBER": (0, 1), "SPARE": (1, 2), "NATIONAL": (2, 3), "INTERNATIONAL": (3, 4)}
#: Category of China to that of Q.763 3.11: ordinary, priority.
CATEGORIES = {16: 10, 17: 10, 18: 10, 19: 10, 24: 10, 20: 11, 21: 11}


@pytest.mark.parametrize(("name", "cause"), FAILURES.items())
def test_message_of_failure_to_cause(name, cause):
    variant = "china" if M[name] in CHINA_ONLY else "itu"
    transit = Transit("isup", "tup", ("itu", variant))
    call = transit.setup()
    transit.run(0.5)
    message = ExtendedUnsuccessful(point_code=0x1234) if name == "EUM" else Signal(M[name])
    transit.right.exchange.release(transit.right.offered[0].call, message, transit.now)
    transit.run(3)
    assert f"right {name} <" in transit.ladder
    assert transit.left.released[call] == cause
    ended(transit, cause)


@pytest.mark.parametrize(("variant", "cause", "name"), [*TOLD, *OTHERS])
def test_cause_to_message_of_failure(variant, cause, name):
    transit = Transit("tup", "isup", (variant, "itu"))
    transit.setup()
    transit.run(0.5)
    transit.release("right", transit.right.offered[0].call, cause)
    transit.run(3)
    assert [step for step in transit.ladder if step.startswith("left")] == [
        "left IAI >", f"left {name} <", "left CLF >", "left RLG <",
    ]  # fmt: skip
    ended(transit, cause)


@pytest.mark.parametrize(("variant", "cause"), [(variant, cause) for variant, cause, _ in TOLD])
def test_after_acm_there_is_only_cfl(variant, cause):
    transit = Transit("tup", "isup", (variant, "itu"))
    transit.setup()
    transit.run(0.5)
    far = transit.right.offered[0].call
    transit.at("right", "do", far, "alert")
    transit.run(0.5)
    transit.release("right", far, cause)
    transit.run(3)
    assert transit.ladder.count("left CFL <") == 1
    ended(transit, cause)


def ended(transit, cause):
    assert transit.all_idle()
    (record,) = transit.records
    assert (record.result, record.cause, record.released_by) == ("failed", cause, "outgoing")


@pytest.mark.parametrize(("kind", "indicator"), CHARGES.values(), ids=CHARGES)
def test_charge_of_acm(kind, indicator):
    transit = Transit("isup", "tup")
    transit.setup()
    transit.run(0.5)
    transit.right.exchange.send(transit.right.offered[0].call, AddressComplete(kind, True), transit.now)
    transit.run(0.5)
    assert transit.left.said[0].find(BackwardCallIndicators).charge == indicator


def offered(first, variant):
    """The IAM at the right for an IAI at the left."""
    transit = Transit("tup", "isup", (variant, "itu"))
    transit.left.exchange.setup("g", first, transit.now)
    transit.run(0.5)
    assert isinstance(transit.right, IsupSide)
    return transit.right.offered[0].message


@pytest.mark.parametrize(("code", "nature"), NATURES.values(), ids=NATURES)
def test_nature_of_address(code, nature):
    line, original = CallingLineIdentity("5551", code), OriginalCalledAddress("3000", code)
    iai = InitialAddressWithInformation(
        "3012", st=True, indicators=MessageIndicators(nature=code), calling_line=line, original_called=original
    )
    message = offered(iai, "itu")
    assert message.find(OriginalCalledNumber).nature == nature
    # Of these two an ISUP trunk replaces the nature unknown (`unknown_nature`, national).
    assert message.find(CalledPartyNumber).nature == (3 if nature == 2 else nature)
    assert message.find(CallingPartyNumber).nature == (3 if nature == 2 else nature)


@pytest.mark.parametrize(("code", "category"), CATEGORIES.items())
def test_category_of_china(code, category):
    message = offered(InitialAddressWithInformation("3012", code, True), "china")
    assert message.find(CallingPartysCategory).category == category


def test_every_row_of_these_kinds_is_here():
    kinds = ("cause ", "ACM ", "nature ", "category ")
    found = [row for row in rows("tup", "tup") if row.source.startswith(kinds) or row.source in FAILURES]
    assert {(row.direction, row.source) for row in found} == {
        *(("tup-call", name) for name in FAILURES),
        *(("call-tup", f"cause {cause} ({variant})") for variant, cause, _ in TOLD),
        *(("tup-call", f"ACM {name.lower().replace('_', ' ')}") for name in CHARGES),
        *(("call-tup", f"ACM with {charge}") for charge in ("no indication", "charge", "no charge")),
        *(("tup-call", f"nature {name.lower()}") for name in NATURES),
        *(("call-tup", f"nature {name.lower()}") for name in NATURES if name != "SPARE"),
        *(("tup-call", f"category {code}") for code in CATEGORIES),
    }
