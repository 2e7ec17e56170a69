"""What is played to channels, above all while they are held."""

import pytest
from support.board import Board

from tandem.core.cause import Cause
from tandem.gateway.calls.model import Answer, Hold, Release, Retrieve
from tandem.gateway.configuration.schema import Route
from tandem.gateway.media.protocol import Play, PlaybackEnded, StopPlay

CLEAR = Release(Cause.NORMAL_CALL_CLEARING)
MUSIC = "/srv/music.wav"


@pytest.fixture
def board():
    """Two parties that talk, and music."""
    board = Board(Route(trunk=["c1"], to=["s2"]))
    board.board.variables["hold_music"] = MUSIC
    board.one = board.call_in("c1")
    (board.other,) = board["s2"].halves
    board.tell(board.other, Answer())
    board.exchange.media()
    return board


def media(board):
    return [command for command in board.exchange.media() if isinstance(command, Play | StopPlay)]


def test_who_is_held_by_the_other_party_hears_music_until_it_is_not(board):
    board.tell(board.other, Hold())
    (play,) = media(board)
    assert (play.sink, play.what) == (board.one.endpoint, MUSIC)
    board.tell(board.other, Hold())
    assert media(board) == [], "once is enough"
    board.board.media_ended(PlaybackEnded(play.number, "done", 30_000), board.now)
    (again,) = media(board)
    assert (again.sink, again.what) == (board.one.endpoint, MUSIC), "it begins again"
    board.tell(board.other, Retrieve())
    assert media(board) == [StopPlay(again.number)]
    board.board.media_ended(PlaybackEnded(again.number, "stopped", 10), board.now)
    assert media(board) == []


def test_who_is_held_by_command_hears_music(board):
    name = board.board.uuid_of(board.one)
    board.board.hold(name, board.now)
    (play,) = media(board)
    assert play.sink == board.one.endpoint
    assert Hold() in board["c1"].to(board.one)
    board.board.hold(name, board.now, None)
    assert media(board) == [StopPlay(play.number)]
    assert board["c1"].to(board.one)[-1] == Retrieve()
    board.board.hold(name, board.now, None)
    assert len(media(board)) == 1


def test_a_channel_may_have_its_own_music_or_none(board):
    board.board.set_variable(board.one, "hold_music", "tone_stream://%(200,5000,425)")
    board.tell(board.other, Hold())
    (play,) = media(board)
    assert play.what == "tone_stream://%(200,5000,425)"
    board.tell(board.other, Retrieve())
    media(board)
    board.board.set_variable(board.one, "hold_music", "silence")
    board.tell(board.other, Hold())
    assert media(board) == []


@pytest.mark.parametrize("ended", [PlaybackEnded(1, "no such file", 0), PlaybackEnded(1, "done", 0)])
def test_music_that_cannot_be_played_is_not_tried_again(board, ended):
    board.tell(board.other, Hold())
    (play,) = media(board)
    board.board.media_ended(PlaybackEnded(play.number, ended.status, ended.milliseconds), board.now)
    assert media(board) == []
    board.tell(board.other, Retrieve())
    assert media(board) == []


def test_music_ends_with_the_call(board):
    board.tell(board.other, Hold())
    (play,) = media(board)
    board.tell(board.one, CLEAR)
    assert media(board) == [StopPlay(play.number)]
    board.board.media_ended(PlaybackEnded(play.number, "done", 10), board.now)
    assert media(board) == []
    board.clear_all()
    assert (board.board._music, board.board._holding, board.control.calls) == ({}, set(), {})
