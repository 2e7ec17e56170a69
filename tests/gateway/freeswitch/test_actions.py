"""Applications one by one."""

import pytest

from tandem.gateway.calls.actions import Action
from tandem.gateway.freeswitch.actions import carry
from tandem.gateway.freeswitch.sip import Sip
from tandem.gateway.freeswitch.tree import Element, Place

SIP = Sip(
    contexts={"inside": ["phones"]},
    users={"1000": "1000", "1001": "anna", "anna": "anna"},
    trunks={"g", "phones"},
    hosts={"192.0.2.1": "g"},
)


def carried(text, groups="called"):
    application, _, data = text.partition(" ")
    element = Element("action", {"application": application, "data": data}, Place("x", 1))
    return list(carry(element, SIP, groups))


@pytest.mark.parametrize(
    ("text", "becomes"),
    [
        ("answer", "answer"),
        ("playback /srv/a.wav", "playback /srv/a.wav"),
        ("playback tone_stream://%(500,0,440)", "playback tone_stream://%(500,0,440)"),
        ("hangup USER_BUSY", "hangup USER_BUSY"),
        ("respond 404 Not Found", "hangup 1"),
        ("respond 599", "hangup 31"),
        ("set a=$1-${b}", r"set a=\1-${b}"),
        ("unset a", "set a="),
        ("export nolocal:a=1", "export nolocal:a=1"),
        ("transfer 5", "transfer 5"),
        ("transfer $1 XML inside", r"transfer \1 phones"),
        ("bridge user/1000@x,user/1001", "bridge user/1000,user/anna"),
        ("bridge {a=1}[b=2]user/$1@x", r"bridge {a=1}[b=2]sip/phones/\1"),
        (
            "bridge {a=${b},c='1,2'}[d=1,e=${f}]user/1000@x,sofia/gateway/g/${number}",
            "bridge {a=${b},c='1,2'}[d=1,e=${f}]user/1000,sip/g/${number}",
        ),
        ("bridge user/${a}@${domain},user/${b}@${domain}", "bridge sip/phones/${a},sip/phones/${b}"),
        ("bridge sofia/gateway/g/${1}|sofia/gateway/p::g/9", r"bridge sip/g/\1|sip/g/9"),
        ("bridge sofia/outside/+49@192.0.2.1:5060", "bridge sip/g/+49"),
        ("bridge sofia/inside/1000%example.org", "bridge sip/phones/1000"),
        ("read 1 4 /a.wav x 5000 #", "read 1 4 /a.wav x 5000 #"),
    ],
)
def test_what_is_carried_over(text, becomes):
    (one,) = carried(text)
    assert (one.text, one.left) == (becomes, "")
    Action.parse(one.text)


def test_several_variables():
    assert [one.text for one in carried("multiset a=1 b=2")] == ["set a=1", "set b=2"]
    assert [one.text for one in carried("multiset ^^;a=1;b=x y")] == ["set a=1", "set b=x y"]


@pytest.mark.parametrize(
    ("text", "becomes", "says", "last"),
    [
        ("voicemail default x 1", "hangup 79", "there is no such application; the call ends with cause 79", True),
        ("say en number", "", "there is no such application", False),
        ("log INFO x", "", "log INFO x", False),
        ("set bypass_media=true", "", "has no effect here", False),
        ("set a=${hash(select/x)}", "", "functions", False),
        ("playback local_stream://moh", "", "local_stream is not played here", False),
        ("playback phrase:x", "", "phrase is not played here", False),
        ("transfer 5 XML elsewhere", "hangup 3", "no calls come into context elsewhere", True),
        ("transfer -bleg 5", "", "-bleg is not done", True),
        ("bridge user/9999@x,user/1000", "bridge user/1000", "bridge: user/9999@x", False),
        ("bridge sofia/outside/1@203.0.113.1", "hangup 3", "sofia/outside/1@203.0.113.1", True),
        ("bridge sofia/gateway/${gw}/1,user/1000@x", "bridge user/1000", "sofia/gateway/${gw}/1", False),
        ("bridge loopback/1", "hangup 3", "loopback/1", True),
        ("bridge sofia/gateway/g/abc", "", "is not a number", True),
    ],
)
def test_what_is_not_is_told(text, becomes, says, last):
    (one,) = carried(text)
    assert (one.text, one.last) == (becomes, last)
    assert says in one.left


def test_groups_of_other_fields():
    assert "a part of the calling number" in carried("bridge user/$1", "calling")[0].left
    assert "a field that is not the called number" in carried("set a=$1", "")[0].left
