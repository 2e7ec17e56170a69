"""Which SIP domains a certificate speaks for (RFC 5922 7.1; its clauses are recalled)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any


def domains(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The domains in a verified certificate, as `ssl` gives it, in lower case; none without a certificate.

    SIP URIs without a user part count before host names; the common name counts only where there is no alternative
    name at all. A wildcard stands for nothing (7.2).
    """
    if not certificate:
        return ()
    alternatives = certificate.get("subjectAltName", ())
    if not alternatives:
        subject = [pair for part in certificate.get("subject", ()) for pair in part]
        return _usable(value for key, value in subject if key == "commonName")
    uris = [value for kind, value in alternatives if kind == "URI" and value[:4].lower() == "sip:"]
    if uris:
        return _usable(value[4:].partition(";")[0] for value in uris if "@" not in value)
    return _usable(value for kind, value in alternatives if kind == "DNS")


def _usable(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name.lower() for name in names if name and "*" not in name))
