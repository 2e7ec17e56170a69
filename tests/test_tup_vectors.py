"""Hand-assembled TUP messages and the second decoder agree, and neither leaves a message out."""

import pytest
from support.tup_reference import TABLES, NotInTables, decode, decode_after_label
from support.tup_vectors import VECTORS, derivation


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_reference_decoder_reads_the_vector(vector):
    assert decode(vector.octets, vector.variant) == vector.fields
    assert decode_after_label(vector.message, vector.variant).items() <= vector.fields.items()


@pytest.mark.parametrize("variant", ["itu", "china"])
def test_every_message_of_the_variant_has_a_vector(variant):
    there = {vector.fields["message"] for vector in VECTORS if vector.variant == variant}
    assert there == {row["acronym"] for row in TABLES["messages"] if variant in row["variants"]}


def test_both_ways_of_writing_an_octet_have_to_agree():
    with pytest.raises(AssertionError):
        derivation(["  05  0000 0100  DPC"])


@pytest.mark.parametrize("vector", VECTORS, ids=str)
def test_a_message_cut_short_is_not_taken_for_another(vector):
    for length in range(len(vector.octets)):
        try:
            found = decode(vector.octets[:length], vector.variant)
        except NotInTables:
            continue
        assert "rest" in vector.fields or found["message"] in ("CHG", "IAI")


def test_headings_of_the_other_variant_and_unused_ones_are_refused():
    for octets, variant in ((b"\x2c\x00\x00", "itu"), (b"\xc5", "china"), (b"\x19", "itu"), (b"\x00", "china")):
        with pytest.raises(NotInTables):
            decode_after_label(octets, variant)
