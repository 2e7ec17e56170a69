"""`tandem trace --interface` and `--hep-listen`: the analyser on what happens now."""

from __future__ import annotations

import signal
import time
from contextlib import ExitStack
from types import FrameType

import click

from .dissect import Options
from .filters import Filter
from .hep import HepSender, HepStream
from .live import LiveAnalyser
from .model import CallRecord, Finding
from .screen import shown
from .sources import LiveInput


def watch(
    interfaces: tuple[str, ...],
    listen: tuple[str, int] | None,
    send: tuple[str, str, int] | None,
    seconds: float | None,
    options: Options,
    wanted: Filter,
    as_lines: bool,
) -> None:
    """Show calls as they end, until SIGINT, SIGTERM or `seconds` have passed; then those still under way."""
    source = LiveInput()
    with ExitStack() as stack:
        stack.callback(source.close)
        for name in interfaces:
            source.interface(name)
        if listen is not None:
            port = source.hep(*listen)
            click.echo(f"HEP3 is taken at port {port}, UDP and TCP", err=True)
        sender: HepSender | HepStream | None = None
        if send is not None:
            transport, host, to_port = send
            sender = (HepStream if transport == "tcp" else HepSender)(host, to_port, options.hep_key)
            stack.callback(sender.close)
        out = stack.enter_context(shown(as_lines))

        def seen(record: CallRecord, found: list[Finding]) -> None:
            if wanted(record):
                out.call(record, found)

        analyser = LiveAnalyser(options, seen, None if sender is None else sender.send, out.finding)

        def stop(number: int, frame: FrameType | None) -> None:
            source.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            before = signal.signal(number, stop)
            stack.callback(signal.signal, number, before)
        for batch in source.batches(None if seconds is None else time.monotonic() + seconds):
            analyser.feed(batch)
            analyser.tick(time.time())
            if sender is not None:
                sender.flush()
            out.refresh(analyser)
        analyser.finish()
    click.echo(f"{analyser.dissector.packets} packets, {analyser.outcomes.total()} call attempts", err=True)
    if source.broken:
        click.echo(f"{source.broken} connections closed: what they sent is no HEP3", err=True)
    if analyser.dissector.refused:
        click.echo(f"{analyser.dissector.refused} HEP3 packets did not have the key and were not used", err=True)
    if sender is not None:
        click.echo(f"{sender.sent} messages sent as HEP3, {sender.lost} not", err=True)
