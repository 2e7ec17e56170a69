from support.board import Board


def test_a_session_serves_the_other_half_of_its_call():
    board = Board()
    _, half = board.parked("isup/c1/30")
    session = board.board.applications.session_of(half)
    assert session.channel is half
    assert (session.current.application, session.ended, session.digits) == ("park", False, "")
