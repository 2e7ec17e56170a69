"""A configuration in one sentence."""

from support.configurations import WHOLE

from tandem.gateway.configuration.load import parse
from tandem.gateway.configuration.summary import summary


def test_counts():
    assert summary(parse(WHOLE)) == "2 spans, 2 signalling links, 18 circuits, 2 trunks, 2 routes."


def test_nothing_and_one():
    text = '[[span]]\nname = "x"\ndevice = "virtual:x"\n'
    assert summary(parse(text)) == "1 span, 0 signalling links, 0 circuits, 0 trunks, 0 routes."
