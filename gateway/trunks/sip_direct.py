"""Trunks of PJSIP whose RTP goes straight between the peer and the media process (`tandem.gateway.pjsip.direct`)."""

from __future__ import annotations

from collections.abc import Sequence

from tandem.gateway.configuration.schema import SipTrunk


def is_direct(trunk: SipTrunk) -> bool:
    """Whether PJSIP has the signalling of a trunk alone: PJMEDIA has no codec for what the trunk is to carry."""
    return trunk.engine == "pjsua2" and (trunk.clear_mode or trunk.silence_suppression)


def has_own_media(trunk: SipTrunk) -> bool:
    """Whether the RTP of a trunk is that of the media process, described and measured there."""
    return trunk.engine == "native" or is_direct(trunk)


def first_by_pjsip(trunks: Sequence[SipTrunk]) -> SipTrunk:
    """Of some trunks of PJSIP the one whose codecs and packet time all have whose RTP is PJSIP's."""
    return next((trunk for trunk in trunks if not is_direct(trunk)), trunks[0])
