from tandem.gateway.sip.status import PHRASES


def test_phrases():
    assert PHRASES[486] == "Busy Here"
    assert all(100 <= code <= 699 for code in PHRASES)
    assert all(phrase.isascii() and phrase.isprintable() for phrase in PHRASES.values())
