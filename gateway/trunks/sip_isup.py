"""ISUP in SIP: the messages that SIP-T (RFC 3372) and SIP-I (Q.1912.5 profile C) carry as application/isup (RFC 3204).

What goes out is the message of the other side where that is ISUP, adapted to the variant of the trunk, else one that
the gateway makes itself as it would towards a circuit; a reply that is the gateway's own is no exception. What comes
in is the message, with the called number of the Request-URI (RFC 3398 8.2.1: it is the later one) and its privacy.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from tandem.core.errors import DecodeError
from tandem.gateway.calls.model import Information, Nature, Number, Presentation, Primitive, Release, Setup, Transparent
from tandem.gateway.configuration.schema import SipTrunk
from tandem.gateway.sip.errors import SipDecodeError
from tandem.gateway.sip.message import Message as SipMessage
from tandem.gateway.sip.multipart import Part, build, parts
from tandem.gateway.sip.primitives import InviteRequest
from tandem.gateway.trunks import access
from tandem.gateway.trunks import isup_mapping as mapping
from tandem.gateway.trunks.rules import STANDARD, Rules
from tandem.gateway.trunks.sip_numbers import user_part
from tandem.ss7.isup.adaptation import has_type
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.codes import MessageType
from tandem.ss7.isup.messages import Message
from tandem.ss7.isup.numbers import CalledPartyNumber, SubsequentNumber
from tandem.ss7.isup.parameters import Parameter, RawParameter
from tandem.ss7.isup.variants import Variant

MEDIA_TYPE: Final = "application/isup"
#: Base of RFC 3204 by variant; China's ISUP follows ITU-T.
BASES: Final = {Variant.ITU: "itu-t92+", Variant.ANSI: "ansi00", Variant.CHINA: "itu-t92+"}
#: Messages of circuits and of one link of the chain; they are never carried (Q.1912.5 5.4).
_LOCAL: Final = frozenset(
    (
        MessageType.RLC,
        MessageType.COT,
        MessageType.CCR,
        MessageType.RSC,
        MessageType.BLO,
        MessageType.BLA,
        MessageType.UBL,
        MessageType.UBA,
        MessageType.GRS,
        MessageType.GRA,
        MessageType.CGB,
        MessageType.CGBA,
        MessageType.CGU,
        MessageType.CGUA,
        MessageType.CQM,
        MessageType.CQR,
        MessageType.UCIC,
        MessageType.LPA,
        MessageType.OLM,
        MessageType.UPT,
        MessageType.UPA,
        MessageType.CFN,
        MessageType.SAM,
    )
)
_CIC: Final = b"\0\0"


class Encapsulation:
    """What one trunk puts into its messages and takes out of them."""

    def __init__(self, trunk: SipTrunk) -> None:
        """Only for a trunk with `isup_variant`."""
        self.variant = Variant(trunk.isup_variant)
        self._trunk = trunk
        base = trunk.isup_base or BASES[self.variant]
        self._parameters = {"version": trunk.isup_version or base, "base": base}

    # --- out

    def initial(self, setup: Setup, country_code: str) -> Part:
        """The IAM of a call; EncodeError when it cannot be built."""
        setup = replace(setup, continuity_pending=False)  # that is told in SIP, and COT is not carried
        parameters = mapping.iam_parameters(setup, Nature.NATIONAL, 10, country_code, self.variant)
        return self._part(MessageType.IAM, parameters)

    def subsequent(self, more: Information) -> Part:
        """The SAM of further digits."""
        return self._part(MessageType.SAM, [SubsequentNumber(digits=more.digits, st=more.complete)])

    def backward(self, primitive: Primitive, complete_sent: bool) -> tuple[MessageType, Part] | None:
        """The message for a primitive, and its type; None when it has none. `complete_sent`: ACM or CON has gone."""
        found = mapping.backward_message(primitive, complete_sent, self.variant)
        if found is None:
            return None
        return found[0], self._part(*found)

    def release(self, release: Release) -> Part:
        """The REL of a release."""
        return self._part(MessageType.REL, mapping.release_parameters(release, self.variant))

    def release_complete(self) -> Part:
        """The RLC in the 200 to a BYE that brought REL (Q.1912.5 profile C; recalled)."""
        return self._part(MessageType.RLC, [])

    def transparent(self, primitive: Transparent) -> Part | None:
        """A message that goes on as it came; None for one that is not carried or not known in the variant."""
        message = access.isup_message(primitive.opaque)
        if message is None:
            made = mapping.backward_message(primitive, True, self.variant)
            return None if made is None else self._part(*made)
        if message.type in _LOCAL:
            return None
        if message.format is None:
            return self._of(bytes([int(message.type)]) + message.body)
        if not has_type(message.type, self.variant):
            return None
        return self._part(MessageType(message.type), mapping.adapted_parameters(message, self.variant))

    def body(self, session: bytes | None, part: Part, boundary: str) -> tuple[str, bytes]:
        """Content-Type and body of an INVITE."""
        several = [part] if session is None else [Part("application/sdp", session), part]
        return build(several, boundary)

    def with_session(self, request: InviteRequest, session: bytes, boundary: str) -> tuple[str, bytes]:
        """Content-Type and body of the same INVITE with another session description."""
        found = parts(request.content_type, None, request.body or b"")
        return self.body(session, next(part for part in found if part.media_type == MEDIA_TYPE), boundary)

    def content_type(self) -> str:
        """Content-Type of an INFO that carries nothing else."""
        return f"{MEDIA_TYPE};version={self._parameters['version']};base={self._parameters['base']}"

    def _part(self, kind: MessageType, parameters: list[Parameter | RawParameter]) -> Part:
        message = Message.build(kind, 0, parameters, variant=self.variant)
        return self._of(message.encode()[len(_CIC) :])

    def _of(self, octets: bytes) -> Part:
        required = self._trunk.isup_handling == "required"
        return Part(MEDIA_TYPE, octets, self._parameters, "signal", required)

    # --- in

    def read(self, message: SipMessage) -> Message | None:
        """The ISUP message that a SIP message carries, None without one that can be read."""
        part = message.part(MEDIA_TYPE)
        if part is None:
            return None
        try:
            return Message.parse(_CIC + part.body, self.variant)
        except DecodeError:
            return None


def refusal(message: SipMessage, encapsulation: Encapsulation | None) -> int | None:
    """The status for a body that must be understood and is not (RFC 3204 6, RFC 5621), None when all is well."""
    kind = message.fields.get("content-type")
    if kind is None or kind[0] == "application/sdp":
        return None
    try:
        parts = message.parts()
    except SipDecodeError:
        return 400
    for part in parts:
        if part.media_type == "application/sdp" or not part.disposition or not part.required:
            continue
        if part.media_type != MEDIA_TYPE or encapsulation is None or encapsulation.read(message) is None:
            return 415
    return None


def merge_setup(sip: Setup, message: Message, trunk: SipTrunk, country_code: str, rules: Rules = STANDARD) -> Setup:
    """The call of an INVITE with an IAM in it.

    The called number is that of the Request-URI where it is another; the calling number is that which
    `isup_precedence` says, restricted if either is; hops are those that are fewer.
    """
    found = mapping.setup_from(message, True, None, rules)
    if not _same(found.called, sip.called, country_code):
        found = replace(found, called=sip.called)
    calling = found.calling
    if sip.calling is not None:
        if calling is None or (trunk.isup_precedence == "sip" and not _same(calling, sip.calling, country_code)):
            calling = sip.calling
        elif sip.calling.presentation is Presentation.RESTRICTED and calling.presentation is Presentation.ALLOWED:
            calling = replace(calling, presentation=Presentation.RESTRICTED)
    hops = [count for count in (found.hop_counter, sip.hop_counter) if count is not None]
    hop_counter = min(hops) if found.hop_counter is not None else None
    opaque = found.opaque + sip.opaque
    return replace(found, calling=calling, hop_counter=hop_counter, opaque=opaque)


def release_of(message: Message) -> Release | None:
    """What a REL says; None for any other message."""
    if message.type != MessageType.REL:
        return None
    cause = message.find(CauseIndicators) or CauseIndicators()
    return Release(int(cause.value), int(cause.location), opaque=(access.whole(message),))


def digits_of(message: Message) -> Information | None:
    """The further digits in a SAM; None for any other message."""
    if message.type != MessageType.SAM:
        return None
    number = message.find(SubsequentNumber) or SubsequentNumber("")
    return Information(number.digits, number.st)


def number_ends(message: Message) -> bool:
    """Whether an IAM says that its called number is whole."""
    number = message.find(CalledPartyNumber)
    return number is not None and number.st


def information_of(message: Message, rules: Rules = STANDARD) -> Primitive:
    """What a message in INFO means: suspension, hold and progress as such, everything else goes through."""
    primitive = mapping.primitive_from(message, rules)
    return Transparent((access.whole(message),)) if primitive is None else primitive


def _same(one: Number, other: Number, country_code: str) -> bool:
    """Whether two numbers are the same, one of them perhaps without its country code or its nature."""
    a, b = user_part(one, country_code), user_part(other, country_code)
    return a == b or (Nature.UNKNOWN in (one.nature, other.nature) and one.digits == other.digits)
