"""What the features of a SIP trunk must satisfy beyond the types of their keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec

from tandem.gateway.configuration.problem import Problem
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.trunks.sip_direct import has_own_media

_PRIVATE_FIELD = re.compile(r"X-[A-Za-z0-9.!%*_+`'~-]+", re.IGNORECASE)
_CONTEXT = re.compile(r"\+[0-9]+|[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?")


def check_sip_features(path: str, trunk: SipTrunk) -> Iterator[Problem]:
    """Problems of one trunk; `path` names it."""
    for index, name in enumerate(trunk.pass_headers):
        if not _PRIVATE_FIELD.fullmatch(name):
            yield Problem(f"{path}.pass_headers[{index}]", f"{name!r} does not begin with X-; others are the gateway's")
    if trunk.phone_context and not _CONTEXT.fullmatch(trunk.phone_context):
        text = f"{trunk.phone_context!r} is no phone-context; write digits with + in front, such as +4930, or a domain"
        yield Problem(f"{path}.phone_context", text)
    if trunk.digits != "events" and trunk.telephone_event:
        text = 'is on, and so every digit would reach the peer twice; set it to false, or `digits` to "events"'
        yield Problem(f"{path}.telephone_event", text)
    if 0 < trunk.session_seconds < trunk.minimum_session_seconds:
        text = f"{trunk.session_seconds} is less than `minimum_session_seconds` ({trunk.minimum_session_seconds})"
        yield Problem(f"{path}.session_seconds", text)
    if trunk.overlap == "info" and trunk.reliable_responses == "off":
        yield Problem(f"{path}.reliable_responses", 'is "off", and `overlap = "info"` needs it')
    if trunk.preconditions != "off":
        for key, bad, why in (
            ("reliable_responses", trunk.reliable_responses == "off", 'is "off", and `preconditions` need it'),
            ("overlap", trunk.overlap != "en-bloc", "and `preconditions` do not go together"),
            ("delayed_offer", trunk.delayed_offer, "and `preconditions` do not go together"),
            ("registrar", trunk.registrar, "and `preconditions` do not go together"),
        ):
            if bad:
                yield Problem(f"{path}.{key}", why)
    if not trunk.isup_variant and (trunk.isup_version or trunk.isup_base):
        yield Problem(f"{path}.isup_variant", "is empty, and `isup_version` and `isup_base` say nothing; give it")
    if trunk.srtp != "off" and has_own_media(trunk) and find_spec("pylibsrtp") is None:
        yield Problem(f"{path}.srtp", "needs pylibsrtp: pip install 'tandem-gateway[srtp]', or set it to \"off\"")
    if not trunk.calling_from:
        yield Problem(f"{path}.calling_from", "is empty; name at least one header field, or leave it out")
