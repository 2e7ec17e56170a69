from __future__ import annotations

import numpy as np
import pytest

from tandem.codecs.g711 import A_TO_MU, MU_TO_A, Law, decode, encode
from tandem.codecs.tones import ToneGenerator, ToneLibrary, level_dbm0, sine
from tandem.gateway.media.matrix import BLOCK, Matrix, Rendering, TonePlayer

LEG_A, LEG_U, SLOT_A, SLOT_U = 0, 1, 2, 3


@pytest.fixture
def matrix() -> Matrix:
    matrix = Matrix(2, 2)
    for endpoint, law in enumerate("AuAu"):
        matrix.set_law(endpoint, law)
        matrix.rows[matrix.row(endpoint)] = np.arange(BLOCK) + 10 * endpoint
    return matrix


def heard(matrix: Matrix) -> list[bytes]:
    rendering = Rendering(matrix, [0, 1, 2, 3])
    rows = rendering.render()
    return [rows[list(rendering.order).index(sink)].tobytes() for sink in range(4)]


def test_without_sources_everybody_hears_the_silence_of_his_law(matrix: Matrix) -> None:
    assert heard(matrix) == [bytes([octet]) * BLOCK for octet in (0xD5, 0xFF, 0xD5, 0xFF)]


def test_the_same_law_passes_untouched_and_the_other_is_converted(matrix: Matrix) -> None:
    for sink, source in ((LEG_A, SLOT_A), (SLOT_A, LEG_A), (LEG_U, SLOT_A), (SLOT_U, LEG_A)):
        matrix.set_source(sink, source)
    rows = [matrix.rows[matrix.row(endpoint)].copy() for endpoint in range(4)]
    expected = [rows[SLOT_A], A_TO_MU[rows[SLOT_A]], rows[LEG_A], A_TO_MU[rows[LEG_A]]]
    assert heard(matrix) == [row.tobytes() for row in expected]
    matrix.set_source(SLOT_A, SLOT_U)
    assert heard(matrix)[SLOT_A] == MU_TO_A[rows[SLOT_U]].tobytes()


def test_transparent_octets_keep_their_value_between_laws(matrix: Matrix) -> None:
    data = matrix.rows[matrix.row(SLOT_U)].tobytes()
    matrix.set_source(SLOT_A, SLOT_U, transparent=True)
    assert heard(matrix)[SLOT_A] == data
    matrix.set_source(SLOT_A, SLOT_U)
    assert heard(matrix)[SLOT_A] != data
    matrix.set_source(SLOT_A, SLOT_U, transparent=True)
    matrix.set_source(SLOT_A, None)
    assert heard(matrix)[SLOT_A] == b"\xd5" * BLOCK


def test_removing_an_endpoint_silences_its_listeners(matrix: Matrix) -> None:
    matrix.set_source(LEG_A, LEG_U)
    matrix.set_source(SLOT_A, LEG_U)
    assert matrix.listeners(LEG_U) == [LEG_A, SLOT_A]
    matrix.remove(LEG_U)
    assert matrix.listeners(LEG_U) == []
    assert heard(matrix)[LEG_A] == heard(matrix)[SLOT_A] == b"\xd5" * BLOCK


def test_a_change_of_law_keeps_silence_silent_and_the_source(matrix: Matrix) -> None:
    matrix.set_source(SLOT_U, LEG_A)
    matrix.set_law(SLOT_A, "u")
    assert heard(matrix)[SLOT_A] == b"\xff" * BLOCK
    matrix.set_law(LEG_A, "u")
    matrix.rows[matrix.row(LEG_A)] = 77
    assert heard(matrix)[SLOT_U] == bytes([77]) * BLOCK


def test_each_sink_hears_a_tone_from_its_beginning(matrix: Matrix) -> None:
    library = ToneLibrary("eu", Law.A)
    tone = ToneGenerator("eu", "busy", Law.A).block(3 * BLOCK).tobytes()
    matrix.set_tone(LEG_A, TonePlayer(library, "busy"))
    matrix.play_tones()
    assert heard(matrix)[LEG_A] == tone[:BLOCK]
    matrix.set_tone(SLOT_A, TonePlayer(library, "busy"))
    matrix.play_tones()
    assert heard(matrix)[LEG_A] == tone[BLOCK : 2 * BLOCK]
    assert heard(matrix)[SLOT_A] == tone[:BLOCK]
    matrix.set_source(LEG_A, None)
    assert heard(matrix)[LEG_A] == b"\xd5" * BLOCK
    assert heard(matrix)[SLOT_A] == tone[:BLOCK]


def test_changes_are_flagged_for_those_who_render(matrix: Matrix) -> None:
    for change in (
        lambda: matrix.set_source(LEG_A, SLOT_A),
        lambda: matrix.set_law(LEG_A, "u"),
        lambda: matrix.remove(SLOT_A),
    ):
        matrix.changed = False
        change()
        assert matrix.changed


def test_a_sink_hears_its_source_louder_and_tones_and_data_as_they_are() -> None:
    matrix = Matrix(3, 0)
    speech = encode(sine(400, -20, 160), Law.A)  # coded twice: good to 0.3 dB
    matrix.rows[matrix.row(0)] = speech
    matrix.set_law(2, "u")
    for sink in (1, 2):
        matrix.set_source(sink, 0, gain=6.0)
    rendering = Rendering(matrix, [1, 2])
    octets = dict(zip(rendering.order.tolist(), rendering.render(), strict=True))
    assert level_dbm0(decode(octets[1], Law.A)) == pytest.approx(-14, abs=0.3)
    assert level_dbm0(decode(octets[2], Law.MU), Law.MU) == pytest.approx(-14, abs=0.3)
    assert matrix.source_of(1) == (0, None, False, 6.0)
    matrix.set_source(1, 0, transparent=True, gain=6.0)
    assert (Rendering(matrix, [1]).render() == speech).all()
    matrix.set_source(1, 0)
    assert (Rendering(matrix, [1]).render() == speech).all()
    matrix.set_source(1, 0, gain=6.0)
    matrix.set_tone(1, TonePlayer(ToneLibrary("eu", Law.A), "dial"))
    assert matrix.source_of(1)[3] == 0.0
