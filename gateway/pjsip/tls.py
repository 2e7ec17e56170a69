"""TLS of PJSIP: what it is told of certificates, and what it tells of those of peers."""

from __future__ import annotations

import ssl
from typing import Any, Final

import pjsua2 as pj

from tandem.core.errors import ConfigurationError
from tandem.gateway.sip.certificate_names import domains
from tandem.gateway.sip.tls import TlsFiles

from .abilities import has_tls13

_KINDS: Final = {
    pj.PJ_SSL_CERT_NAME_DNS: "DNS",
    pj.PJ_SSL_CERT_NAME_URI: "URI",
    pj.PJ_SSL_CERT_NAME_IP: "IP Address",
}
_HANDSHAKE: Final = 5000
"""Milliseconds that a handshake may take: who begins one and says no more holds a socket so long."""


def settings_of(files: TlsFiles, library: str) -> Any:
    """A TlsConfig; raises ConfigurationError for a version that `library` has not."""
    found = pj.TlsConfig()
    found.certFile, found.privKeyFile = files.certificate, files.private_key or files.certificate
    usual = ssl.get_default_verify_paths()
    found.CaListFile = files.authorities or usual.cafile or usual.openssl_cafile
    modern = has_tls13(library)
    if files.minimum == "1.3" and not modern:
        raise ConfigurationError(f"sip.tls.minimum: PJSIP was built with {library}, which has no TLS 1.3")
    found.proto = pj.PJ_SSL_SOCK_PROTO_TLS1_3 if modern else 0
    if files.minimum == "1.2":
        found.proto |= pj.PJ_SSL_SOCK_PROTO_TLS1_2
    # A server's certificate is looked at by `why_not`: PJSIP would want it to bear the address that it connects to.
    found.verifyServer = False
    found.msecTimeout = _HANDSHAKE
    found.verifyClient = files.client_certificates or files.names
    found.requireClientCert = files.client_certificates
    return found


def names_of(certificate: Any) -> dict[str, Any]:
    """The names in a certificate, in the form in which `ssl` has them."""
    alternatives = [(_KINDS[one.type], one.name) for one in certificate.subjectAltName if one.type in _KINDS]
    return {"subjectAltName": alternatives, "subject": ((("commonName", certificate.subjectCn),),)}


def proved(information: Any) -> tuple[str, ...]:
    """The SIP domains that a peer has proved to speak for."""
    if information.verifyStatus or information.remoteCertInfo.isEmpty():
        return ()
    return domains(names_of(information.remoteCertInfo))


def why_not(information: Any, expected: str) -> str:
    """What is wrong with the certificate of a server that is to be `expected`, a name or an address; empty: nothing."""
    if information.verifyStatus & ~pj.PJ_SSL_CERT_EIDENTITY_NOT_MATCH:
        return "; ".join(information.verifyMsgs) or f"verification failed ({information.verifyStatus:#x})"
    names = names_of(information.remoteCertInfo)
    found = [name.lower() for _, name in names["subjectAltName"]] or [information.remoteCertInfo.subjectCn.lower()]
    wanted = expected.lower()
    if wanted in found or f"*.{wanted.partition('.')[2]}" in found:
        return ""
    return f"the certificate is not of {expected} but of {', '.join(found)}"
