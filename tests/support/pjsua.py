"""pjsua2 (PJSIP) as an independent phone, in a process of its own; see tests/interop/peers/pjsua_phone.py."""

from __future__ import annotations

import json
import subprocess
import sys
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.gateways import wait_for
from support.peers import INTEROP


class PjsuaPhone:
    """A running phone; `events` are what it told, in order."""

    def __init__(
        self,
        folder: Path,
        port: int,
        rtp_port: int,
        speech: NDArray[np.int16],
        srtp: str = "off",
        registrar: tuple[int, str, str] | None = None,
    ) -> None:
        """`registrar`: its port, user name and password, where the phone is to register."""
        folder.mkdir(parents=True)
        source, self._heard = folder / "speech.wav", folder / "heard.wav"
        with wave.open(str(source), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(speech.astype("<i2").tobytes())
        self.events: list[dict[str, Any]] = []
        self._output = (folder / "events").open("w+b")
        self._errors = (folder / "errors").open("wb")
        self._rest = b""
        arguments = [str(port), str(rtp_port), str(source), str(self._heard), srtp, *map(str, registrar or ())]
        self.process = subprocess.Popen(
            [sys.executable, str(INTEROP / "peers/pjsua_phone.py"), *arguments],
            stdin=subprocess.PIPE,
            stdout=self._output,
            stderr=self._errors,
        )
        self._reader = (folder / "events").open("rb")
        self._folder = folder
        try:
            self.wait_for("ready")
        except BaseException:
            self.close()
            raise

    def do(self, what: str, value: str = "") -> None:
        """Have it do something."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"do": what, "value": value}).encode() + b"\n")
        self.process.stdin.flush()

    def read(self) -> list[dict[str, Any]]:
        """Everything it has told."""
        *whole, self._rest = (self._rest + self._reader.read()).split(b"\n")
        self.events += [json.loads(line) for line in whole if line.startswith(b"{")]
        return self.events

    def wait_for(self, event: str, since: int = 0, **values: Any) -> dict[str, Any]:
        """The first event after the `since`-th with these values; fails when it does not come."""

        def found() -> dict[str, Any] | None:
            assert self.process.poll() is None, self.said()
            wanted = {"event": event, **values}
            return next((item for item in self.read()[since:] if wanted.items() <= item.items()), None)

        return wait_for(found, f"{event} {values} of the phone: {self.read()[-5:]}")

    def close(self) -> NDArray[np.int16]:
        """End it; what it has heard since it began."""
        if self.process.stdin is not None and not self.process.stdin.closed:
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for file in (self._output, self._errors, self._reader):
            file.close()
        if not self._heard.exists():
            return np.zeros(0, np.int16)
        data = self._heard.read_bytes()
        start = data.find(b"data") + 8
        return np.frombuffer(data[start : start + (len(data) - start) // 2 * 2], "<i2").astype(np.int16)

    def said(self) -> str:
        """Its complaints."""
        return (self._folder / "errors").read_text(errors="replace")[-2000:]
