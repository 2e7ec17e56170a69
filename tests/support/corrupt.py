"""Captures broken in the ways that disks, probes and enemies break them."""

import random


def corrupted(octets, seed):
    """The capture with octets changed, a piece cut out or doubled, or its end missing; the file header stays."""
    rng = random.Random(seed)
    body = bytearray(octets[24:])
    for _ in range(rng.randrange(1, 40)):
        body[rng.randrange(len(body))] = rng.choice((0, 255, 1, 0x7F, rng.randrange(256)))
    begin = rng.randrange(len(body))
    piece = body[begin : begin + rng.randrange(1, 3000)]
    match seed % 4:
        case 0:
            del body[begin : begin + len(piece)]
        case 1:
            body[begin:begin] = piece
        case 2:
            del body[begin:]
    return octets[:24] + bytes(body)
