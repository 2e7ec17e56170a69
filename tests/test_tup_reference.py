"""The product's TUP codec and the reference decoder, which share nothing but the tables' facts, agree.

On the hand-assembled messages, on generated ones with label and circuit, and on whatever octets come of changing
those: both read the same, or both refuse.
"""

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tup_messages import messages
from support.tup_plain import plain
from support.tup_reference import MESSAGES, TABLES, NotInTables, decode
from support.tup_vectors import VECTORS, changed

from tandem.core.errors import DecodeError
from tandem.ss7.mtp3.label import RoutingLabel, encode_label, parse_label
from tandem.ss7.tup.codes import MessageType
from tandem.ss7.tup.label import CircuitMessage
from tandem.ss7.tup.variants import LABELS, POINT_CODE_BITS, Variant

#: The product understands MPR in China too, but never sends it there: the tables' only source for MPR is a Chinese
#: one, although they give it to ITU-T.
ALSO_UNDERSTOOD = {("MPR", "china")}

#: DPC, OPC, CIC, message.
GENERATED = {
    variant: st.tuples(*2 * [st.integers(0, (1 << bits) - 1)], st.integers(0, 4095), messages(variant))
    for variant, bits in POINT_CODE_BITS.items()
}


def product(octets, variant):
    """What the product says of a message from its label on; None where it knows no such message or refuses it."""
    try:
        label, length = parse_label(octets, LABELS[variant])
        carried = CircuitMessage.parse(label.sls, octets[length:], variant)
    except DecodeError:
        return None
    if not isinstance(carried.message.type, MessageType) or (carried.message.name, variant.value) in ALSO_UNDERSTOOD:
        return None
    return {"dpc": label.dpc, "opc": label.opc, "cic": carried.cic} | plain(carried.message, variant)


def reference(octets, variant):
    try:
        return decode(octets, variant.value)
    except NotInTables:
        return None


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_product_reads_the_vector_and_says_it_again(vector):
    variant = Variant(vector.variant)
    assert product(vector.octets, variant) == vector.fields
    label, length = parse_label(vector.octets, LABELS[variant])
    carried = CircuitMessage.parse(label.sls, vector.octets[length:], variant)
    sls, data = carried.encode(variant)
    assert encode_label(RoutingLabel(label.dpc, label.opc, sls), LABELS[variant]) + data == vector.octets


@pytest.mark.parametrize("variant", Variant)
@settings(max_examples=1500)
@given(data=st.data())
def test_reference_reads_what_the_product_sends(variant, data):
    dpc, opc, cic, message = data.draw(GENERATED[variant])
    sls, octets = CircuitMessage(cic, message).encode(variant)
    said = reference(encode_label(RoutingLabel(dpc, opc, sls), LABELS[variant]) + octets, variant)
    if not isinstance(message.type, MessageType) or (message.name, variant.value) in ALSO_UNDERSTOOD:
        assert said is None
    else:
        assert said == {"dpc": dpc, "opc": opc, "cic": cic} | plain(message, variant)


@pytest.mark.parametrize("variant", Variant)
def test_both_read_the_same_of_changed_octets_or_both_refuse(variant):
    source = Random(f"changed {variant}")
    vectors = [vector.octets for vector in VECTORS if vector.variant == variant.value]
    refused = 0
    for _ in range(4000):
        octets = changed(source, source.choice(vectors))
        said = reference(octets, variant)
        assert product(octets, variant) == said, octets.hex()
        refused += said is None
    assert 400 < refused < 3600  # neither side is a trivial one


def test_names_and_directions_are_those_of_the_tables():
    rows = {row["acronym"]: row for row in MESSAGES.values()}
    assert {kind.name: (kind.title, kind.direction.value, int(kind)) for kind in MessageType} == {
        name: (row["name"], row["direction"], row["h1"] << 4 | row["h0"]) for name, row in rows.items()
    }
    assert {kind.group.name for kind in MessageType} == {name for name, _ in TABLES["groups"].values()}
