"""Every row of every table, through the functions of the trunks; and what the operator may write in its place."""

from dataclasses import fields, replace

import pytest
from support.node_pair import ADDRESS, OFFER, Bench
from support.transit import Transit

from tandem.gateway.calls.model import Alerting, Answer, Charge, Nature, Number, Progress, Setup
from tandem.gateway.configuration.load import load, parse
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.mappings import rows
from tandem.gateway.sip.fields import parse_uri
from tandem.gateway.sip.primitives import IncomingInvite, InviteRequest, Provisional
from tandem.gateway.trunks import isup_mapping, sip_numbers, tup_mapping
from tandem.gateway.trunks.pri_numbers import NumberRules
from tandem.gateway.trunks.rules import STANDARD, TABLES, Means, Rules, parse_row, shown
from tandem.gateway.trunks.sip_identity import identity_of
from tandem.isdn.q931 import numbers as q931
from tandem.isdn.q931.switch_types import SWITCH_TYPES
from tandem.ss7.isup.codes import MessageType as I
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CallingPartysCategory,
    EventInformation,
    ForwardCallIndicators,
    NatureOfConnectionIndicators,
    TransmissionMediumRequirement,
)
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber
from tandem.ss7.tup.fields import MessageIndicators
from tandem.ss7.tup.fields import Nature as TupNature
from tandem.ss7.tup.messages import AddressComplete, InitialAddress, Signal
from tandem.ss7.tup.variants import Variant

# --- what each table decides, by the functions that the trunks call


def isup_setup(rules, nature=3, category=10):
    parameters = [
        NatureOfConnectionIndicators(),
        ForwardCallIndicators(),
        CallingPartysCategory(category=category),
        TransmissionMediumRequirement(medium=3),
        CalledPartyNumber(digits="1", nature=nature),
    ]
    return isup_mapping.setup_from(Message.build(I.IAM, 1, parameters), True, None, rules)


def iam(rules, **setup):
    parameters = isup_mapping.iam_parameters(Setup(**{"called": Number("1"), **setup}), 3, 10, "", rules=rules)
    return Message.build(I.IAM, 1, parameters)


def tup_iam(rules, **setup):
    setup = Setup(**{"called": Number("1"), **setup})
    return tup_mapping.initial_address(setup, TupNature.NATIONAL, 10, "", Variant.CHINA, rules=rules)


def tup_setup(rules, nature=TupNature.NATIONAL, category=10):
    message = InitialAddress("1", category, indicators=MessageIndicators(nature=nature))
    return tup_mapping.setup_from(message, True, Variant.CHINA, rules=rules)


def tup_said(rules, primitive):
    return tup_mapping.backward_messages(primitive, False, Variant.CHINA, Charge.NO_INDICATION, rules=rules)


def means(primitive):
    return {Alerting: Means.ALERTING, Progress: Means.PROGRESS}[type(primitive)]


def isup_said(rules, kind, *parameters):
    return isup_mapping.primitive_from(Message.build(kind, 1, parameters), rules)


def acm(rules, **indicators):
    return isup_said(rules, I.ACM, BackwardCallIndicators(**indicators))


def told_charge(rules, charge):
    _, (indicators, *_) = isup_mapping.backward_message(Alerting(charge=charge), False, rules=rules)
    return indicators.charge


def caller_uri(rules, category):
    trunk = SipTrunk(name="t", peer="127.0.0.1:5080", number_parameters=["cpc"])
    setup = Setup(Number("1"), Number("30123", Nature.NATIONAL), category=category)
    return identity_of(setup, trunk, "h", None, "d", "49", rules).from_uri


def pri(rules):
    return NumberRules(SWITCH_TYPES["euroisdn"], network=True, rules=rules)


LOOKED_UP = {
    "tup_category": lambda rules, key: tup_setup(rules, category=key).category,
    "category_tup": lambda rules, key: tup_iam(rules, category=key).category,
    "isup_category": lambda rules, key: isup_setup(rules, category=key).category,
    "category_isup": lambda rules, key: iam(rules, category=key).get(CallingPartysCategory).category,
    "sip_category": lambda rules, key: sip_numbers.attributes(parse_uri(f"sip:1;cpc={key}@h"), rules).category,
    "category_sip": lambda rules, key: caller_uri(rules, key).partition(";cpc=")[2].partition("@")[0],
    "tup_nature": lambda rules, key: tup_setup(rules, nature=key).called.nature,
    "nature_tup": lambda rules, key: tup_iam(rules, called=Number("1", key)).indicators.nature,
    "isup_nature": lambda rules, key: isup_setup(rules, nature=key).called.nature,
    "nature_isup": lambda rules, key: iam(rules, called=Number("1", key)).get(CalledPartyNumber).nature,
    "pri_nature": lambda rules, key: pri(rules).number(q931.CalledPartyNumber("1", key)).nature,
    "nature_pri": lambda rules, key: pri(rules).called(Number("1", key)).type_of_number,
    "acm_charge": lambda rules, key: tup_mapping.primitive_from(AddressComplete(key), Variant.ITU, rules).charge,
    "charge_acm": lambda rules, key: tup_said(rules, Alerting(charge=key))[0].kind,
    "answer_charge": lambda rules, key: tup_mapping.primitive_from(Signal(key), Variant.ITU, rules).charge,
    "charge_answer": lambda rules, key: tup_said(rules, Answer(charge=key))[1].type,
    "isup_charge": lambda rules, key: acm(rules, charge=key).charge,
    "charge_isup": told_charge,
    "acm_status": lambda rules, key: means(acm(rules, called_party_status=key)),
    "cpg_event": lambda rules, key: means(isup_said(rules, I.CPG, EventInformation(event=key))),
    "subscriber_free": lambda rules, key: means(
        tup_mapping.primitive_from(AddressComplete(1, key), Variant.ITU, rules)
    ),
}
#: What goes by a whole node: see the tests of calls below.
BY_CALLS = {"sip_response", "response_sip"}


def test_every_table_is_looked_up_and_shown():
    names = {item.name for item in fields(Rules)}
    assert names == LOOKED_UP.keys() | BY_CALLS == {table.name for table in TABLES}


@pytest.mark.parametrize(
    ("name", "key"), [(name, key) for name in LOOKED_UP for key in getattr(STANDARD, name)], ids=str
)
def test_each_row(name, key):
    assert LOOKED_UP[name](STANDARD, key) == getattr(STANDARD, name)[key]


@pytest.mark.parametrize("name", LOOKED_UP)
def test_each_row_of_an_operator(name):
    """Any row with the value of another row, or for a key that had none."""
    standard = getattr(STANDARD, name)
    keys, values = list(standard) or [99, 98], list(standard.values()) or [11, 12]
    for key in keys:
        for value in values:
            rules = replace(STANDARD, **{name: standard | {key: value}})
            assert LOOKED_UP[name](rules, key) == value


# --- as people read and write them


@pytest.mark.parametrize("row", list(shown({}, "")), ids=lambda row: f"{row.direction} {row.source}")
def test_a_row_reads_back_as_it_is_shown(row):
    direction, source, target, clause = row
    table = next(item for item in TABLES if item.direction == direction and source.startswith(f"{item.source} "))
    value = target.removeprefix(table.target)
    found, key, told = parse_row(f"{direction} {source}", int(value) if value.isdecimal() else value)
    assert found is table
    assert getattr(STANDARD, table.name)[key] == told
    assert clause


def test_the_operators_rows_are_shown_as_such():
    changes = {"tup-call category 16": 11, "call-tup category 15": 10, "tup-call ACM coin box": "No Charge"}
    found = [row for row in rows(None, None, {}, changes) if row.clause == "[mapping] of the configuration"]
    assert [(row.direction, row.source, row.target) for row in found] == [
        ("tup-call", "category 16", "category 11"),
        ("tup-call", "ACM coin box", "no charge"),
        ("call-tup", "category 15", "category 10"),
    ]
    assert len(rows(None, None, {}, changes)) == len(rows(None, None)) + 1


@pytest.mark.parametrize(
    ("row", "value", "words"),
    [
        ("isup category 3", 4, 'write "DIRECTION WHAT KEY" = VALUE'),
        ("isup-call kategorie 3", 4, '"isup-call category …"'),
        ("isup-call category 256", 4, "'256' is not a calling party's category of Q.763 3.11 (0-255)"),
        ("isup-call category x", 4, "'x' is not a calling"),
        ("tup-call category 3", "high", "'high' is not a calling"),
        ("call-tup category 3", 64, "64 is not a calling party's category of TUP (0-63)"),
        ("isup-call nature 3", "nationale", "there are subscriber, unknown, national"),
        ("call-tup answer with charge", "CBK", "there are ANU, ANC, ANN"),
        ("sip-call response 200", "alerting", "(101-198)"),
        ("call-sip response to alerting", 200, "(180-183)"),
        ("sip-call cpc robot", 10, "there are unknown, operator"),
        ("isup-call ACM, status 3", "alerting", "there are no indication, subscriber free"),
    ],
)
def test_wrong_rows_are_told_with_what_would_be_right(tmp_path, row, value, words):
    with pytest.raises(ValueError, match="is not") as error:
        parse_row(row, value)
    assert words in str(error.value)
    file = tmp_path / "gateway.toml"
    text = f'"{value}"' if isinstance(value, str) else value
    file.write_text(
        '[sip]\nlisten = "127.0.0.1:5060"\n[media]\nports = [17000, 17001]\n[[trunk]]\nname = "pbx"\ntype = "sip"\n'
        f'peer = "127.0.0.1:9"\n[[route]]\nto = ["pbx"]\n[mapping]\n"{row}" = {text}\n'
    )
    with pytest.raises(Exception, match=r"gateway.toml:12: mapping") as told:
        load(file)
    assert words in str(told.value)


def test_the_defaults_change_nothing():
    assert Rules.of({}) == STANDARD
    assert parse("").mapping == {}


# --- calls


def mapped(text):
    return "\n[mapping]\n" + text


def test_categories_through_a_node():
    """A national category of ISUP comes to TUP as the operator says."""
    transit = Transit("isup", "tup", tail=mapped('"isup-call category 10" = 240\n"call-tup category 240" = 12\n'))
    call = transit.setup()
    transit.run(0.5)
    assert transit.right.offered[0].message.category == 12
    transit.release("left", call, 16)


def test_charging_and_ringing_through_a_node():
    text = '"tup-call ACM, subscriber free no" = "alerting"\n"tup-call answer ANC" = "no charge"\n'
    transit = Transit("isup", "tup", tail=mapped(text))
    transit.setup()
    transit.run(0.5)
    far = transit.right.offered[0].call
    transit.at("right", "do", far, "progress")
    transit.run(0.5)
    assert transit.left.said[-1].get(BackwardCallIndicators).called_party_status == 1
    transit.at("right", "do", far, "answer")
    transit.run(0.5)
    assert transit.left.said[-1].get(BackwardCallIndicators).charge == 1


@pytest.mark.parametrize(
    ("rows_", "said", "heard"),
    [
        ("", 180, 180),
        ("", 183, 183),
        ("", 182, 183),
        ('"sip-call response 183" = "alerting"', 183, 180),
        ('"call-sip response to alerting" = 183', 180, 183),
        ('"sip-call response 180" = "progress"', 180, 183),
        ('"call-sip response to progress" = 182', 183, 182),
    ],
)
def test_provisional_responses_through_two_nodes(rows_, said, heard):
    bench = Bench(more=mapped(rows_ + "\n")).up()
    request = InviteRequest(
        uri="sip:301@127.0.0.1",
        from_uri="sip:100@127.0.0.1",
        to_uri="sip:301@127.0.0.1",
        destination=ADDRESS["A"],
        body=OFFER,
    )
    bench.call("a", "invite", request)
    bench.run_until(lambda: bench.events("b", IncomingInvite), 20)
    bench.call("b", "respond", bench.events("b", IncomingInvite)[0].call, said, body=OFFER)
    bench.run(0.5)
    assert [output.status for output in bench.events("a", Provisional)][1:] == [heard]
