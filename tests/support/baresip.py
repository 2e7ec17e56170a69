"""baresip as a phone: an account at a gateway, speech from a WAV file, what it hears in another, commands over TCP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import wave
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from support.gateways import wait_for
from support.peers import program

MODULES = ("g711.so", "aufile.so", "sndfile.so")


class Baresip:
    """A running baresip that has one account."""

    def __init__(
        self,
        folder: Path,
        account: str,
        speech: NDArray[np.int16],
        sip_port: int,
        control_port: int,
        rtp_port: int,
        settings: str = "",
    ) -> None:
        """`account` is a line of its accounts file; `settings` are further lines of its configuration."""
        folder.mkdir(parents=True)
        self.folder = folder
        self._events: list[dict[str, Any]] = []
        self._rest = b""
        source = folder / "speech.wav"
        with wave.open(str(source), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(8000)
            file.writeframes(speech.astype("<i2").tobytes())
        (folder / "accounts").write_text(account + "\n")
        (folder / "contacts").write_text("")
        modules = "".join(
            f"module {name}\n" for name in MODULES if name not in ("account.so", "menu.so", "ctrl_tcp.so")
        )
        (folder / "config").write_text(
            f"poll_method epoll\nsip_listen 127.0.0.1:{sip_port}\nnet_interface 127.0.0.1\n"
            f"rtp_ports {rtp_port}-{rtp_port + 9}\nrtcp_mux no\ncall_max_calls 4\n"
            f"audio_player aufile,{folder}/heard.wav\naudio_source aufile,{source}\n"
            f"audio_alert aufile,{folder}/none.wav\n"
            "audio_srate 8000\naudio_channels 1\njitter_buffer_delay 5-10\naudio_buffer 20-160\n"
            f"module_path {_module_path()}\nsnd_path {folder}\n{modules}module_tmp account.so\n"
            f"module_app menu.so\nmodule_app ctrl_tcp.so\nctrl_tcp_listen 127.0.0.1:{control_port}\n"
            f"{settings}"
        )
        self._log = (folder / "log").open("wb")
        self.process = subprocess.Popen(
            [program("baresip", "baresip-core"), "-4", "-s", "-f", str(folder)],
            stdout=self._log,
            stderr=self._log,
            stdin=subprocess.DEVNULL,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        )
        try:
            self._control: socket.socket = wait_for(lambda: self._connect(control_port), "baresip takes commands")
        except BaseException:
            self.close()
            raise

    def _connect(self, port: int) -> socket.socket | None:
        try:
            opened = socket.create_connection(("127.0.0.1", port), 5)
        except OSError:
            assert self.process.poll() is None, self.said()
            return None
        opened.setblocking(False)
        return opened

    def command(self, name: str, parameters: str = "") -> None:
        """Give a command of its menu."""
        text = json.dumps({"command": name, "params": parameters})
        self._control.sendall(f"{len(text)}:{text},".encode())

    def events(self) -> list[str]:
        """Types of everything that happened, such as REGISTER_OK and CALL_ESTABLISHED."""
        try:
            while octets := self._control.recv(65536):
                self._rest += octets
        except BlockingIOError:
            pass
        while (colon := self._rest.find(b":")) > 0:
            length = int(self._rest[:colon])
            if len(self._rest) < colon + length + 2:
                break
            self._events.append(json.loads(self._rest[colon + 1 : colon + 1 + length]))
            self._rest = self._rest[colon + length + 2 :]
        return [event["type"] for event in self._events if event.get("event")]

    def wait_for(self, kind: str, count: int = 1, seconds: float = 20.0) -> None:
        """Wait until something has happened `count` times."""
        wait_for(lambda: self.events().count(kind) >= count, f"{kind} of baresip: {self.said()}", seconds)

    def heard(self) -> list[NDArray[np.int16]]:
        """What it received, a recording a call."""
        recordings = []
        for path in sorted(self.folder.glob("dump-*-dec.wav"), key=lambda path: path.stat().st_mtime):
            data = path.read_bytes()
            start = data.find(b"data") + 8
            recordings.append(np.frombuffer(data[start : start + (len(data) - start) // 2 * 2], "<i2"))
        return recordings

    def said(self) -> str:
        """The end of its log."""
        return (self.folder / "log").read_text(errors="replace")[-2500:]

    def close(self) -> None:
        """Make sure that it has gone."""
        if hasattr(self, "_control"):
            self._control.close()
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self._log.close()

    def __enter__(self) -> Baresip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _module_path() -> Path:
    for folder in ("/usr/lib/baresip/modules", *map(str, Path("/usr/lib").glob("*/baresip/modules"))):
        if Path(folder).is_dir():
            return Path(folder)
    raise AssertionError("no modules of baresip: apt install baresip-core")
