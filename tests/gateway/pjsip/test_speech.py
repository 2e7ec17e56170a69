"""Speech of one call between PJSIP's blocks and the media process's RTP, over a real socket."""

import socket

import numpy as np
import pytest

from tandem.codecs import g711, rtp
from tandem.codecs.telephone_event import digit_event, parse_events
from tandem.gateway.pjsip.speech import MOST, READY, SILENCE, SpeechPath


@pytest.fixture
def media():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as opened:
        opened.bind(("127.0.0.1", 0))
        opened.settimeout(2.0)
        yield opened


@pytest.fixture
def path(media):
    made = SpeechPath("127.0.0.1")
    made.connect(media.getsockname())
    yield made
    made.close()


def block(seed):
    """One block that both laws keep as it is."""
    octets = np.random.default_rng(seed).integers(0, 256, 160).astype(np.uint8)
    return octets.tobytes(), np.asarray(g711.decode(octets, g711.Law.A)).astype(np.int16).tobytes()


@pytest.mark.parametrize(("law", "payload_type"), [("A", 8), ("u", 0)])
def test_what_the_peer_says_goes_out_in_the_law_agreed(path, media, law, payload_type):
    path.set_law(law)
    octets = np.arange(160, dtype=np.uint8)
    samples = np.asarray(g711.decode(octets, g711.Law(law))).astype(np.int16)
    path.send(samples.tobytes())
    path.send(samples.tobytes())
    packets = [media.recv(2000) for _ in "12"]
    headers = [rtp.parse_header(packet) for packet in packets]
    assert [header.payload_type for header in headers] == [payload_type] * 2
    assert rtp.sequence_delta(headers[1].sequence, headers[0].sequence) == 1
    assert rtp.timestamp_delta(headers[1].timestamp, headers[0].timestamp) == 160
    back = np.asarray(g711.decode(np.frombuffer(headers[0].payload(packets[0]), np.uint8), g711.Law(law)))
    assert (back == samples).all()


def test_what_the_media_process_says_is_played_in_order_after_a_little_wait(path, media):
    blocks = [block(seed) for seed in range(5)]
    assert path.take() == SILENCE
    for number, (octets, _) in enumerate(blocks):
        media.sendto(rtp.pack_header(8, number, number * 160, 7) + octets, ("127.0.0.1", path.port))
    assert [path.take() for _ in blocks] == [samples for _, samples in blocks]
    assert path.take() == SILENCE
    media.sendto(rtp.pack_header(8, 9, 0, 7) + blocks[0][0], ("127.0.0.1", path.port))
    assert path.take() == SILENCE, "one block alone is waited with"


def test_the_delay_stays_short(path, media):
    for number in range(MOST + 3):
        media.sendto(rtp.pack_header(8, number, number * 160, 7) + block(number)[0], ("127.0.0.1", path.port))
    assert path.take() == block(MOST + 3 - READY)[1]


def test_mu_law_and_packets_of_two_blocks(path, media):
    octets = np.arange(320, dtype=np.int32).astype(np.uint8)
    media.sendto(rtp.pack_header(0, 1, 0, 7) + octets.tobytes(), ("127.0.0.1", path.port))
    wanted = np.asarray(g711.decode(octets, g711.Law.MU)).astype(np.int16).tobytes()
    assert path.take() + path.take() == wanted


def test_rubbish_is_passed_over(path, media):
    for packet in (b"", b"x", rtp.pack_header(8, 1, 0, 7) + b"short", rtp.pack_header(99, 1, 0, 7) + bytes(160)):
        media.sendto(packet, ("127.0.0.1", path.port))
    media.sendto(rtp.pack_header(101, 1, 0, 7) + b"\x01", ("127.0.0.1", path.port))
    assert path.take() == SILENCE
    assert path.digits() == []


def test_a_digit_of_the_media_process_is_told_once(path, media):
    for number in range(5):
        payload = digit_event("5", 160 * (number + 1), end=number > 1).encode()
        media.sendto(rtp.pack_header(101, number, 4711, 7) + payload, ("127.0.0.1", path.port))
    path.take()
    assert path.digits() == ["5"]
    assert path.digits() == []


def test_a_digit_of_the_peer_goes_out_as_events_that_end(path, media):
    path.send_digit("#", 60)
    path.send_digit("nothing", 60)
    for _ in range(8):
        path.send(SILENCE)
    packets = [media.recv(2000) for _ in range(8)]
    kinds = [rtp.parse_header(packet).payload_type for packet in packets]
    assert kinds == [101] * 5 + [8] * 3
    events = [parse_events(packet[12:])[0] for packet in packets[:5]]
    assert {event.digit for event in events} == {"#"}
    assert [event.end for event in events] == [False, False, True, True, True]


def test_when_the_peer_is_silent_so_are_we(path, media):
    path.paused = True
    path.send(SILENCE)
    media.settimeout(0.05)
    with pytest.raises(TimeoutError):
        media.recv(2000)


def test_blocks_after_the_end_are_thrown_away(path):
    path.close()
    path.send(SILENCE)
    assert path.take() == SILENCE
