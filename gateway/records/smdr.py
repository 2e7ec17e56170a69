"""Call records as SMDR: one line of text a call out of a serial port, for printers and call loggers of PBXs."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from tandem.gateway.calls.accounting import Record
from tandem.gateway.configuration.records import SmdrReceiver
from tandem.gateway.records.receiver import DeliveryError

if TYPE_CHECKING:
    import serial

WRITE_SECONDS = 10.0
"""Longest that a receiver may stop us by flow control."""


class Smdr:
    """A serial port, or what pyserial takes for one (`socket://HOST:PORT`)."""

    def __init__(self, configuration: SmdrReceiver) -> None:
        self._configuration = configuration
        self._port: serial.Serial | None = None

    def deliver(self, lines: list[bytes], records: list[Record]) -> None:
        """See Receiver; a serial line acknowledges nothing, so safe is what has left the port."""
        del lines
        try:
            import serial
        except ImportError:
            raise DeliveryError("pyserial is not installed: pip install pyserial") from None
        try:
            port = self._open()
            text = "".join(smdr_line(self._configuration.format, record) for record in records)
            port.write(text.encode("ascii", "replace"))
            port.flush()
        except (serial.SerialException, OSError, ValueError) as error:
            self.close()
            raise DeliveryError(f"{self._configuration.device}: {error}") from None

    def close(self) -> None:
        """See Receiver."""
        if self._port is not None:
            self._port.close()
            self._port = None

    def _open(self) -> serial.Serial:
        import serial

        if self._port is None:
            configuration = self._configuration
            self._port = serial.serial_for_url(
                configuration.device,
                baudrate=configuration.baud,
                rtscts=configuration.flow == "rtscts",
                xonxoff=configuration.flow == "xonxoff",
                write_timeout=WRITE_SECONDS,
            )
        return self._port


def smdr_line(template: str, record: Record) -> str:
    """The record as a line, CR and LF at its end; times are local."""
    begun = _local(record.answer_time or record.setup_time)
    outgoing = record.outgoing
    seconds = round(record.duration_ms / 1000)
    values = {
        "date": begun.strftime("%Y-%m-%d") if begun else "",
        "time": begun.strftime("%H:%M:%S") if begun else "",
        "duration": f"{seconds // 3600:02}:{seconds % 3600 // 60:02}:{seconds % 60:02}",
        "seconds": seconds,
        "calling": record.incoming.calling,
        "called": record.incoming.called,
        "incoming": record.incoming.trunk,
        "outgoing": outgoing.trunk if outgoing else "",
        "outgoing_called": outgoing.called if outgoing else "",
        "route": record.route,
        "cause": record.cause,
        "result": record.result,
        "released_by": record.released_by,
        "node": record.node,
        "id": record.id,
    }
    return template.format_map(values) + "\r\n"


def _local(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text).astimezone()
