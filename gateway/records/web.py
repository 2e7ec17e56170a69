"""Call records to a web service: POST of a JSON array, acknowledged by any status 2xx."""

from __future__ import annotations

import hashlib
import http.client
import ssl
import urllib.error
import urllib.request

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.records import HttpReceiver
from tandem.gateway.records.receiver import DeliveryError


class Web:
    """One URL. The same records are sent with the same `Idempotency-Key`, so that a service can tell a repetition."""

    def __init__(self, configuration: HttpReceiver) -> None:
        self._configuration = configuration

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        """See Receiver; safe is what the service has answered with 2xx."""
        configuration = self._configuration
        keys = "\n".join(f"{record.node} {record.id}" for record in records)
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": hashlib.sha256(keys.encode()).hexdigest(),
            "User-Agent": "tandem",
        }
        if configuration.token:
            headers["Authorization"] = f"Bearer {configuration.token}"
        body = b"[" + b",".join(lines) + b"]"
        request = urllib.request.Request(configuration.url, body, headers, method="POST")
        try:
            context = self._context() if configuration.url.startswith("https:") else None
            with urllib.request.urlopen(request, timeout=configuration.timeout, context=context) as answer:
                answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise DeliveryError(f"{configuration.url} answers {error.code} {error.reason}") from None
        except (OSError, http.client.HTTPException) as error:
            reason = getattr(error, "reason", None) or error
            raise DeliveryError(f"{configuration.url} cannot be reached: {reason}") from None

    def close(self) -> None:
        """See Receiver; each request has a connection of its own."""

    def _context(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=self._configuration.authorities or None)
