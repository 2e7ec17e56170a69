"""`tandem mappings`: the rules by which each protocol becomes the neutral call and is made from it, with their clauses.

A pair of protocols has no table of its own: what comes from the one becomes the neutral call by the rows `A-call`, and
that becomes the other by the rows `call-B`. Rows of values, and of causes and statuses, are the tables that the code
reads (`trunks/rules.py`, `calls/interworking.py`); those of messages describe it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import click

from tandem.gateway.calls.cause_changes import CauseChanges
from tandem.gateway.calls.interworking import CAUSE_TO_STATUS, STATUS_TO_CAUSE, CauseMap, MappingRow, describe
from tandem.gateway.sip.status import PHRASES
from tandem.gateway.trunks import pri_mapping, tup_mapping
from tandem.gateway.trunks.rules import shown
from tandem.ss7.tup.variants import Variant

_OPERATOR: Final = "[cause_map] of the configuration"
_EARLY_MEDIA: Final = "with SDP where early media is wanted"

SIP: Final[tuple[MappingRow, ...]] = (
    MappingRow("sip-call", "INVITE", "Setup", "RFC 3398 7.2.1"),
    MappingRow(
        "sip-call", "INVITE with IAM (SIP-I)", "Setup of IAM, called number of the Request-URI", "RFC 3398 8.2.1"
    ),
    MappingRow("sip-call", "180, 183, 200 with ACM, CPG, ANM, CON", "what the ISUP message says", "Q.1912.5 5.4"),
    MappingRow("sip-call", "BYE, CANCEL, final status with REL", "Release of the REL, before Reason", "Q.1912.5 5.4"),
    MappingRow("sip-call", "INFO with SUS, RES, CPG, USR …", "Suspend, Resume, Hold, Transparent", "RFC 3204"),
    MappingRow("call-sip", "any, on a trunk that carries ISUP", "the same with the ISUP message", "Q.1912.5 5.4"),
    MappingRow("sip-call", "180 or 183 with SDP", "inband", "RFC 3398 8.2.3"),
    MappingRow("sip-call", "200 to INVITE", "Answer", "RFC 3398 8.2.4"),
    MappingRow("sip-call", "BYE, CANCEL", "Release, cause of Reason, else 16", "RFC 3398 7.2.3, RFC 3326"),
    MappingRow("sip-call", "further INVITE of the same call (overlap)", "Information", "RFC 3578 3.5"),
    MappingRow("sip-call", "484 where digits may follow (overlap)", "Release after 4 s without more", "RFC 3578 3.3"),
    MappingRow("call-sip", "Setup", "INVITE", "RFC 3398 8.2.1"),
    MappingRow("call-sip", "Information (overlap)", "INVITE with all digits so far", "RFC 3578 3.2"),
    MappingRow("call-sip", "Alerting or Progress, inband", f"the response {_EARLY_MEDIA}", "RFC 3398 7.2.5, 7.2.6"),
    MappingRow("call-sip", "Answer", "200", "RFC 3398 7.2.7"),
    MappingRow("call-sip", "Suspend, Resume", "nothing", "RFC 3398 9"),
    MappingRow("sip-call", "re-INVITE or UPDATE, sendonly or inactive", "Hold", "RFC 3264 8.4"),
    MappingRow("sip-call", "re-INVITE or UPDATE, sendrecv after hold", "Retrieve", "RFC 3264 8.4"),
    MappingRow("sip-call", "INFO with application/dtmf-relay or application/dtmf", "Dtmf", "engineering practice"),
    MappingRow("call-sip", "Hold", "re-INVITE, sendonly", "RFC 3264 8.4"),
    MappingRow("call-sip", "Retrieve", "re-INVITE, sendrecv", "RFC 3264 8.4"),
    MappingRow("call-sip", "Dtmf", "telephone-event, or INFO by `digits`", "RFC 4733"),
    MappingRow("call-sip", "Release after answer", "BYE with Reason", "RFC 3326"),
    MappingRow("call-sip", "Release from SIP before answer", "its status if it is of the called user", "RFC 3261 16.7"),
)

ISUP: Final[tuple[MappingRow, ...]] = (
    MappingRow("isup-call", "IAM, with the SAMs of an overlap number", "Setup", "Q.764 2.1"),
    MappingRow("isup-call", "ACM or CPG, in-band information", "inband", "Q.764 2.1.4, 2.1.6"),
    MappingRow(
        "isup-call", "ACM that is progress; that is alerting, interworking encountered", "inband", "RFC 3398 7.2.5"
    ),
    MappingRow("isup-call", "ANM, CON", "Answer", "Q.764 2.1.7"),
    MappingRow("isup-call", "CPG, remote hold", "Hold", "Q.733.2"),
    MappingRow("isup-call", "CPG, remote retrieval", "Retrieve", "Q.733.2"),
    MappingRow("isup-call", "SUS", "Suspend", "Q.764 2.4.1"),
    MappingRow("isup-call", "RES", "Resume", "Q.764 2.4.2"),
    MappingRow("isup-call", "SAM after the call went on (pass_digits)", "Information", "Q.764 2.1"),
    MappingRow("isup-call", "FOT", "ForwardTransfer", "Q.764 2.6"),
    MappingRow("isup-call", "INR, IDR", "InformationRequest, where the call does not know it", "Q.764 2.1.6, Q.731.7"),
    MappingRow("isup-call", "INF, IRS in answer to ours; CFN to INR", "InformationReply", "Q.764 2.1.6, Q.731.7"),
    MappingRow("isup-call", "MPM (China)", "Metering", "YDN 038"),
    MappingRow("isup-call", "OPR (China)", "OperatorSignal", "YDN 038"),
    MappingRow("isup-call", "CCL (China), release_control called beyond", "CallingPartyCleared", "YDN 038"),
    MappingRow("isup-call", "CCL (China)", "Release, cause 16", "YDN 038"),
    MappingRow("isup-call", "REL", "Release, its cause and location", "Q.764 2.3"),
    MappingRow("call-isup", "Setup", "IAM", "Q.764 2.1"),
    MappingRow("call-isup", "Information", "SAM", "Q.764 2.1"),
    MappingRow("call-isup", "Alerting", "ACM, subscriber free; after an ACM, CPG, alerting", "Q.764 2.1.4, 2.1.6"),
    MappingRow("call-isup", "Progress", "ACM, no indication; after an ACM, CPG, progress", "Q.764 2.1.4, 2.1.6"),
    MappingRow("call-isup", "Progress, inband", "the same with in-band information", "Q.764 2.1.4, 2.1.6"),
    MappingRow("call-isup", "Answer", "ANM", "Q.764 2.1.7"),
    MappingRow("call-isup", "Answer without ACM", "CON", "Q.764 2.1.7"),
    MappingRow("call-isup", "Hold", "CPG, progress, remote hold", "Q.733.2"),
    MappingRow("call-isup", "Retrieve", "CPG, progress, remote retrieval", "Q.733.2"),
    MappingRow("call-isup", "Suspend", "SUS", "Q.764 2.4.1"),
    MappingRow("call-isup", "Resume", "RES", "Q.764 2.4.2"),
    MappingRow("call-isup", "ForwardTransfer", "FOT", "Q.764 2.6"),
    MappingRow("call-isup", "InformationRequest before the answer", "INR, T33", "Q.764 2.1.6"),
    MappingRow("call-isup", "InformationRequest, malicious", "IDR, T39", "Q.731.7"),
    MappingRow("call-isup", "InformationReply", "INF to INR, IRS to IDR", "Q.764 2.1.6, Q.731.7"),
    MappingRow("call-isup", "Metering", "MPM (China), else nothing", "YDN 038"),
    MappingRow("call-isup", "OperatorSignal", "OPR (China), else nothing", "YDN 038"),
    MappingRow("call-isup", "CallingPartyCleared", "CCL (China, release_control called)", "YDN 038"),
    MappingRow("call-isup", "Release", "REL with the cause", "Q.764 2.3"),
)


def protocols() -> tuple[str, ...]:
    """Every protocol that has rows."""
    return ("sip", "isup", "tup", "pri")


def rows(
    source: str | None,
    target: str | None,
    overrides: Mapping[str, int | str] | None = None,
    changes: Mapping[str, int | str] | None = None,
) -> list[MappingRow]:
    """The rows from `source` to the call and from the call to `target`; every row where neither is named.

    `overrides` is the operator's `[cause_map]`, `changes` the `[mapping]`: rows that they change name them instead of
    their clause.
    """
    wanted = {f"{source}-call"} if source else set()
    wanted |= {f"call-{target}"} if target else set()
    if not wanted:
        wanted = {direction for name in protocols() for direction in (f"{name}-call", f"call-{name}")}
    every = [*SIP, *_causes(overrides or {}), *ISUP, *_tup(overrides or {}), *pri_mapping.MAPPINGS]
    every += [*_changes(overrides or {}), *shown(changes or {}, "[mapping] of the configuration")]
    return sorted((row for row in every if row.direction in wanted), key=lambda row: row.direction.startswith("call-"))


def _tup(overrides: Mapping[str, int | str]) -> Iterator[MappingRow]:
    """The rows of TUP but those that the operator's take the place of."""
    changes = CauseChanges.of(overrides)
    gone = {("tup-call", name) for name in changes.failures}
    gone |= {("call-tup", f"cause {cause} ({variant.value})") for cause in changes.messages for variant in Variant}
    return (row for row in tup_mapping.MAPPINGS if (row.direction, row.source) not in gone)


def _changes(overrides: Mapping[str, int | str]) -> Iterator[MappingRow]:
    """The operator's rows beside those of SIP."""
    changes = CauseChanges.of(overrides)
    for (protocol, came), cause in changes.entering.items():
        yield MappingRow(f"{protocol}-call", f"cause {describe(came)}", f"Release, cause {describe(cause)}", _OPERATOR)
    for (protocol, cause), told in changes.leaving.items():
        yield MappingRow(f"call-{protocol}", f"Release, cause {describe(cause)}", f"cause {describe(told)}", _OPERATOR)
    for name, cause in changes.failures.items():
        yield MappingRow("tup-call", name, f"Release, cause {describe(cause)}", _OPERATOR)
    for cause, name in changes.messages.items():
        yield MappingRow("call-tup", f"cause {describe(cause)}", name, _OPERATOR)


def _causes(overrides: Mapping[str, int | str]) -> Iterator[MappingRow]:
    """The rows between status and cause, changed rows with their new value, added ones at the end."""
    table = CauseMap.with_overrides(overrides)
    statuses = {row.status: row.clause for row in STATUS_TO_CAUSE}
    for status, cause in table.to_cause.items():
        clause = _OPERATOR if f"sip-isup {status}" in overrides else statuses[status]
        yield MappingRow("sip-call", _status(status), f"Release, cause {describe(cause)}", clause)
    causes = {row.cause: row.clause for row in CAUSE_TO_STATUS}
    for cause, status in table.to_status.items():
        clause = _OPERATOR if f"isup-sip {cause}" in overrides else causes[cause]
        yield MappingRow("call-sip", f"Release before answer, cause {describe(cause)}", _status(status), clause)


def _status(status: int) -> str:
    return f"{status} {PHRASES.get(status, '')}".rstrip()


def render(found: list[MappingRow]) -> str:
    """The rows as a table with a heading."""
    lines = [("rule", "from", "to", "clause"), *found]
    widths = [max(len(line[column]) for line in lines) for column in range(3)]
    return "\n".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(line, widths, strict=False)), line[3]]) for line in lines
    )


@click.command("mappings")
@click.option("--from", "source", type=click.Choice(protocols()), help="Protocol of the incoming leg.")
@click.option("--to", "target", type=click.Choice(protocols()), help="Protocol of the outgoing leg.")
@click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    help="Show the rows as [cause_map] and [mapping] of this file change them.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON array.")
def mappings_command(source: str | None, target: str | None, config: Path | None, as_json: bool) -> None:
    """Show how one protocol becomes another: every rule with its clause.

    Between any two protocols is the neutral call: `isup-call` rows lead to it, `call-sip` rows from it. The messages
    backwards (ringing, answer, failure) are those of the other direction: --from sip --to isup.

    \b
    Examples:
      tandem mappings --from isup --to sip
      tandem mappings --to tup --json
    """  # noqa: D301 - click reads the backspace
    overrides: Mapping[str, int | str] = {}
    changes: Mapping[str, int | str] = {}
    if config is not None:
        from tandem.gateway.configuration.load import load

        configuration = load(config)
        overrides, changes = configuration.cause_map, configuration.mapping
    found = rows(source, target, overrides, changes)
    click.echo(json.dumps([row._asdict() for row in found]) if as_json else render(found))
