"""An authority and its certificates as files, for TLS."""

from __future__ import annotations

from pathlib import Path

import trustme


class Authority:
    """A certificate authority in a folder."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._authority = trustme.CA()
        self.file = folder / f"{name}.pem"
        """Its own certificate, for those who trust it."""
        self._authority.cert_pem.write_to_path(self.file)

    def issue(self, file: str, *names: str) -> Path:
        """A certificate for host names and addresses with its key and chain, all in one PEM file."""
        issued = self._authority.issue_cert(*names)
        path = self._folder / f"{file}.pem"
        parts = [issued.private_key_pem, *issued.cert_chain_pems]
        path.write_bytes(b"".join(part.bytes() for part in parts))
        return path
