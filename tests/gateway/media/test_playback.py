import numpy as np

from tandem.codecs.g711 import SILENCE, Law, encode
from tandem.codecs.tones import sine
from tandem.gateway.media.playback import AHEAD, FilePlayer, OctetPlayer, Reader

TONE = sine(1000, -10.0, 40_050)


class Later(Reader):
    """A reader that reads when it is told to."""

    def __init__(self):
        super().__init__()
        self.asked = []

    def ask(self, player):
        self.asked.append(player)

    def read(self):
        while self.asked:
            self.asked.pop().fill()


def raw(tmp_path):
    path = tmp_path / "a.raw"
    path.write_bytes(TONE.astype("<i2").tobytes())
    return str(path)


def test_all_of_a_file_is_played_in_order_and_padded_with_silence(tmp_path):
    reader = Later()
    player = FilePlayer(raw(tmp_path), Law.A, reader)
    played = []
    while not player.over:
        reader.read()
        played.append(player.play())
    octets = np.concatenate(played)
    assert (octets[: TONE.size] == encode(TONE, Law.A)).all()
    assert octets.size == 251 * 160
    assert (octets[TONE.size :] == SILENCE[Law.A]).all()
    assert (player.played, player.error) == (251, "")


def test_a_slow_disk_is_silence_and_nothing_is_lost(tmp_path):
    reader = Later()
    player = FilePlayer(raw(tmp_path), Law.MU, reader)
    assert (player.play() == SILENCE[Law.MU]).all()
    assert (player.played, player.over) == (0, False)
    reader.read()
    assert (player.play() == encode(TONE, Law.MU)[:160]).all()


def test_only_so_much_is_read_ahead(tmp_path):
    reader = Later()
    player = FilePlayer(raw(tmp_path), Law.A, reader)
    reader.read()
    assert AHEAD <= len(player._blocks) < AHEAD + 30
    for _ in range(AHEAD - 49):
        player.play()
    assert reader.asked == [] or reader.asked == [player]
    for _ in range(30):
        player.play()
    assert reader.asked == [player]  # asked once


def test_a_file_that_cannot_be_read_is_over_at_once():
    reader = Later()
    player = FilePlayer("/nowhere/a.wav", Law.A, reader)
    reader.read()
    assert player.over
    assert "No such file" in player.error


def test_the_thread_reads(tmp_path):
    reader = Reader()
    player = FilePlayer(raw(tmp_path), Law.A, reader)
    reader.close()  # reads what was asked for first
    assert len(player._blocks) >= AHEAD


def test_octets_that_are_there():
    player = OctetPlayer(np.arange(320, dtype=np.uint16).astype(np.uint8))
    assert (np.concatenate((player.play(), player.play()))[:3] == [0, 1, 2]).all()
    assert player.over
