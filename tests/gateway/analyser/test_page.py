import json
import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tandem.gateway.analyser import page as module
from tandem.gateway.analyser.analysis import analyse
from tandem.gateway.analyser.dissect import Options
from tandem.gateway.analyser.filters import Filter
from tandem.gateway.analyser.page import embedded, render

CAPTURE = str(Path(__file__).parents[2] / "vectors" / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")


def data_of(text):
    return json.loads(re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1])


def page(wanted=None, most=1000):
    analysis = analyse([CAPTURE])
    return "".join(render(analysis, wanted or Filter(), [CAPTURE], Options(), most))


def test_the_page_has_everything_and_loads_nothing():
    text = page()
    data = data_of(text)
    assert (data["packets"], len(data["calls"]), data["all_calls"]) == (810, 94, 94)
    assert data["statistics"]["total"]["asr"] == 100.0
    assert not re.search(r"(src|href)=[\"']?(https?:)?//", text)
    assert "default-src 'none'" in text


def test_messages_have_their_details():
    call = data_of(page())["calls"][0]
    assert len(call["details"]) == len(call["messages"]) == 5
    assert call["details"][0].startswith("IAM ")
    assert "Called party number" in call["details"][0]


def test_filters_and_the_most_that_are_shown():
    data = data_of(page(Filter(called="00$")))
    assert (len(data["calls"]), data["statistics"]["total"]["attempts"], data["all_calls"]) == (1, 1, 94)
    data = data_of(page(most=10))
    assert (len(data["calls"]), data["statistics"]["total"]["attempts"], data["all_calls"]) == (10, 94, 94)
    assert module.MOST_CALLS > 10


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_in_a_page(value):
    text = embedded(value)
    assert not set(text) & set("<>&\u2028\u2029")
    assert json.loads(text) == value
