import pytest

from tandem.gateway.configuration.check_actions import check_actions
from tandem.gateway.configuration.schema import Configuration, Route
from tandem.gateway.configuration.trunks import SipTrunk


def problems(*actions, **settings):
    route = Route(actions=list(actions), **settings)
    configuration = Configuration(trunk=[SipTrunk(name="S", peer="127.0.0.1:5060")], route=[route])
    return [problem.text for problem in check_actions("route[0]", route, configuration)]


def test_right_actions():
    right = (
        "answer",
        "playback /tmp/${sound}.wav",
        r"bridge {a=1}sip/S/\1,sip/S/9|sip/S/${n}",
        "set a=b",
        r"bridge user/\1",
        "transfer 9 S",
    )
    assert problems(*right, called=r"^0(\d+)$") == []


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ("Answer", "is not an application"),
        ("plaback a.wav", "there is no application 'plaback'"),
        ("bridge isup/S/1", "there is no isup trunk 'S'; there are: none"),
        ("bridge sip/T/1", "there is no sip trunk 'T'; there are: S"),
        ("bridge nobody", "is not a leg"),
        (r"transfer 9\2", "names group 2, but `called` has 1"),
        ("transfer 9 XML T", "no [[trunk]] is named 'T'; there are: S"),
    ],
)
def test_mistakes(action, says):
    (text,) = problems(action, called=r"^0(\d+)$")
    assert says in text


def test_actions_stand_in_place_of_trunks():
    (text,) = problems("answer", to=["S"])
    assert "does not go with `to`" in text


def test_the_name_is_taken():
    route = Route(actions=["answer"])
    configuration = Configuration(trunk=[SipTrunk(name="application", peer="127.0.0.1:5060")], route=[route])
    assert [problem.path for problem in check_actions("route[0]", route, configuration)] == ["trunk[0].name"]
