import pytest

from tandem.gateway.calls.actions import Action


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("answer", Action("answer")),
        ("playback /tmp/a b.wav", Action("playback", "/tmp/a b.wav")),
        ("gentones(%(2000,4000,440))", Action("gentones", "%(2000,4000,440)")),
        (" echo() ", Action("echo")),
    ],
)
def test_both_ways_to_write_it(text, action):
    assert Action.parse(text) == action


@pytest.mark.parametrize("text", ["", "1", "Echo", "play-back x"])
def test_what_is_none(text):
    with pytest.raises(ValueError, match="is not an application"):
        Action.parse(text)


def test_it_is_shown_as_it_is_written():
    assert str(Action("playback", "a.wav")) == "playback(a.wav)"
