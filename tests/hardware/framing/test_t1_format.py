from __future__ import annotations

import json
from pathlib import Path

from tandem.hardware.framing.t1_format import ESF_CRC_FRAMES, ESF_LINK_FRAMES, pattern
from tandem.hardware.span import Framing

VECTORS = json.loads((Path(__file__).parents[2] / "vectors/e1t1/t1.json").read_text())


def test_sf_has_ft_and_fs_in_turn():
    bits = "".join(str(pattern(Framing.SF)[frame]) for frame in range(24))
    assert bits == VECTORS["sf"]["f_bits"] * 2
    assert (bits[:12:2], bits[1:12:2]) == (VECTORS["sf"]["ft"], VECTORS["sf"]["fs"])


def test_esf_shares_24_f_bits_among_three():
    esf = pattern(Framing.ESF)
    assert [frame + 1 for frame in esf] == VECTORS["esf"]["fps_frames"]
    assert "".join(map(str, esf.values())) == VECTORS["esf"]["fps"]
    assert [frame + 1 for frame in ESF_CRC_FRAMES] == VECTORS["esf"]["crc6_frames"]
    assert sorted([*esf, *ESF_CRC_FRAMES, *ESF_LINK_FRAMES]) == list(range(24))
