"""What tshark counts in a capture, under the names that the analyser has for messages."""

import subprocess
from collections import Counter, defaultdict

from tandem.core.sigtran.codes import Type as Sigtran
from tandem.isdn.q931.codes import MessageType as Q931
from tandem.ss7.isup.codes import MessageType as Isup

FIELDS = (
    *("frame.number", "isup.message_type", "isup.cic", "q931.message_type", "q931.call_ref", "sip.Method"),
    *("sip.Status-Code", "sip.Call-ID", "m3ua.message_class", "m3ua.message_type", "m2ua.message_class"),
    *("m2ua.message_type", "m2pa.type", "sccp.message_type", "frame.protocols"),
)


class Seen:
    """One capture as tshark reads it."""

    def __init__(self, path, options=()):
        command = [
            "tshark",
            "-n",
            "-r",
            str(path),
            *options,
            "-T",
            "fields",
            "-E",
            "occurrence=a",
            "-E",
            "aggregator=|",
        ]
        for name in FIELDS:
            command += ["-e", name]
        text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        self.packets = 0
        self.counts = defaultdict(Counter)
        self.isup = defaultdict(list)
        """Messages by CIC: type and packet."""
        self.sip = defaultdict(list)
        """Messages by Call-ID: type and packet."""
        self.q931 = defaultdict(list)
        """Messages by call reference without its flag: type and packet."""
        for line in text.splitlines():
            self._packet(dict(zip(FIELDS, (cell.split("|") if cell else [] for cell in line.split("\t")), strict=True)))

    def _packet(self, row):
        self.packets += 1
        number = int(row["frame.number"][0])
        protocols = row["frame.protocols"][0] if row["frame.protocols"] else ""
        kinds = [name_of(Isup, value) for value in row["isup.message_type"]]
        self.counts["isup"].update(kinds)
        for kind, cic in zip(kinds, row["isup.cic"], strict=False):
            self.isup[int(cic, 0)].append((kind, number))
        kinds = [name_of(Q931, value) for value in row["q931.message_type"]]
        self.counts["h225" if ":h225" in protocols or ":tpkt" in protocols else "q931"].update(kinds)
        for kind, reference in zip(kinds, row["q931.call_ref"], strict=False):
            self.q931[reference].append((kind, number))
        kinds = row["sip.Method"] + row["sip.Status-Code"]
        self.counts["sip"].update(kinds)
        for kind, call_id in zip(kinds, row["sip.Call-ID"], strict=False):
            self.sip[call_id].append((kind, number))
        for protocol in ("m3ua", "m2ua"):
            classes, types = row[f"{protocol}.message_class"], row[f"{protocol}.message_type"]
            names = [name_of(Sigtran, int(of, 0) << 8 | int(kind, 0)) for of, kind in zip(classes, types, strict=True)]
            self.counts[protocol].update("DATA" if name == "MAUP_DATA" else name for name in names)
        self.counts["m2pa"].update({1: "USER_DATA", 2: "LINK_STATUS"}.get(int(v, 0), v) for v in row["m2pa.type"])
        self.counts["sccp"].update(f"0x{int(value, 0):02X}" for value in row["sccp.message_type"])


def name_of(types, value):
    value = value if isinstance(value, int) else int(value, 0)
    try:
        return types(value).name
    except ValueError:
        return f"0x{value:02X}" if types is not Sigtran else f"0x{value:04X}"
