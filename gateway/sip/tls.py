"""Certificates of SIP over TLS, read anew when their files change: RFC 3261 26.3, RFC 5922, TLS 1.2 and 1.3."""

from __future__ import annotations

import os
import ssl
from dataclasses import dataclass
from typing import Final

from tandem.core.errors import ConfigurationError

_VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """Where keys and certificates are, and what is asked of peers."""

    certificate: str = ""
    """PEM file with our certificate and those between it and the authority; empty: we are a client without one."""
    private_key: str = ""
    """PEM file with its key; empty: in the file of the certificate."""
    authorities: str = ""
    """PEM file of the authorities that peers' certificates are checked against; empty: those of the system."""
    client_certificates: bool = False
    """Whether whoever connects to us must show a certificate (mutual TLS)."""
    names: bool = False
    """Whether who connects to us is asked for a certificate that he may do without: its name gives access."""
    verify: bool = True
    """Whether the certificates of peers that we connect to are checked."""
    minimum: str = "1.2"
    """Lowest version of TLS that is spoken."""


class TlsContexts:
    """The contexts for both directions; connections that are open keep the one they began with."""

    def __init__(self, files: TlsFiles) -> None:
        """Read the files; raise ConfigurationError when that is not possible."""
        self._files = files
        self._seen = self._stamps()
        self.server: ssl.SSLContext
        """For connections to us."""
        self.client: ssl.SSLContext
        """For connections of ours."""
        self._load()

    def refresh(self) -> str | None:
        """Read the files again if one has changed.

        Returns None when none has, else an empty text, or what is wrong with them: the old certificates stay in use.
        """
        stamps = self._stamps()
        if stamps == self._seen:
            return None
        self._seen = stamps
        try:
            self._load()
        except ConfigurationError as error:
            return str(error)
        return ""

    def _stamps(self) -> tuple[object, ...]:
        files = self._files
        found: list[object] = []
        for name in (files.certificate, files.private_key, files.authorities):
            try:
                status = os.stat(name) if name else None
            except OSError:
                status = None
            found.append(status and (status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)

    def _load(self) -> None:
        files = self._files
        server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        for context in (server, client):
            context.minimum_version = _VERSIONS[files.minimum]
            if files.certificate:
                _read(context, files.certificate, files.private_key)
        if not files.verify:
            client.check_hostname = False
            client.verify_mode = ssl.CERT_NONE
        if files.client_certificates:
            server.verify_mode = ssl.CERT_REQUIRED
        elif files.names:
            server.verify_mode = ssl.CERT_OPTIONAL
        for context in (server, client):
            if context.verify_mode is ssl.CERT_NONE:
                continue
            if not files.authorities:
                context.load_default_certs(ssl.Purpose.CLIENT_AUTH if context is server else ssl.Purpose.SERVER_AUTH)
                continue
            try:
                context.load_verify_locations(files.authorities)
            except (OSError, ssl.SSLError) as error:
                raise ConfigurationError(f"{files.authorities}: no certificates of authorities: {error}") from None
        self.server, self.client = server, client


def _read(context: ssl.SSLContext, certificate: str, private_key: str) -> None:
    try:
        # A key that asks for a password would wait for a terminal: it is refused instead.
        context.load_cert_chain(certificate, private_key or None, password=lambda: b"")
    except FileNotFoundError:
        missing = certificate if not os.path.exists(certificate) else private_key
        raise ConfigurationError(f"{missing}: there is no such file") from None
    except ssl.SSLError as error:
        reason = (error.reason or str(error)).replace("_", " ").lower()
        where = f"{certificate} with {private_key}" if private_key else certificate
        raise ConfigurationError(f"{where}: not a certificate in PEM with its key, unencrypted: {reason}") from None
    except OSError as error:
        raise ConfigurationError(f"{certificate}: cannot be read: {error.strerror}") from None
