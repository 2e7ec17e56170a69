"""Our ISUP decoder against tshark's, field by field: captured messages, every typed parameter with random fields."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from support.isup_tshark import Dissected, dissect, isup_octets
from support.isup_vectors import VECTORS, an_instance, captured_messages, every_type

from tandem.ss7.isup import ansi, flags, supplementary
from tandem.ss7.isup.cause import CauseIndicators
from tandem.ss7.isup.compatibility import MessageCompatibilityInformation, ParameterCompatibilityInformation
from tandem.ss7.isup.groups import (
    CircuitGroupSupervisionMessageType,
    CircuitState,
    CircuitStateIndicator,
    RangeAndStatus,
)
from tandem.ss7.isup.indicators import (
    BackwardCallIndicators,
    CallingPartysCategory,
    ContinuityIndicators,
    EventInformation,
    ForwardCallIndicators,
    HopCounter,
    NatureOfConnectionIndicators,
    OptionalBackwardCallIndicators,
    OptionalForwardCallIndicators,
    SuspendResumeIndicators,
    TransmissionMediumRequirement,
    TransmissionMediumRequirementPrime,
    TransmissionMediumUsed,
)
from tandem.ss7.isup.messages import Message, MessageType, Variant
from tandem.ss7.isup.numbers import (
    CalledPartyNumber,
    CallingPartyNumber,
    CallTransferNumber,
    ChargeNumber,
    ConnectedNumber,
    GenericDigits,
    GenericNumber,
    LocationNumber,
    OriginalCalledNumber,
    RedirectingNumber,
    RedirectionNumber,
    SubsequentNumber,
    TransitNetworkSelection,
)
from tandem.ss7.isup.parameters import Parameter
from tandem.ss7.isup.services import (
    AccessDeliveryInformation,
    AutomaticCongestionLevel,
    CallDiversionInformation,
    CircuitGroupCharacteristicIndicator,
    CircuitValidationResponseIndicator,
    ClosedUserGroupInterlockCode,
    EchoControlInformation,
    GenericNotificationIndicator,
    InformationIndicators,
    InformationRequestIndicators,
    OriginatingLineInformation,
    PropagationDelayCounter,
    RedirectionInformation,
    RedirectionNumberRestriction,
)
from tandem.ss7.isup.transport import (
    AccessTransport,
    UserServiceInformation,
    UserServiceInformationPrime,
    UserToUserIndicators,
    UserToUserInformation,
)

pytestmark = [
    pytest.mark.interop,
    pytest.mark.usefixtures("tshark"),
]

CAPTURES = {
    "m2ua_hepgen.pcap": [],
    "mtp3_pycrate.pcap": [],
    "m3ua_draft6_tcpdump.pcap": ["-o", "m3ua.version:Internet Draft version 6"],
    "m3ua_94calls_wireshark.pcap": [],
    "mtp2_libpcap.pcap": ["-o", "mtp2.capture_contains_frame_check_sequence:TRUE"],
    "m3ua_m2ua_arkime.pcap": [],
    "dct2000_wireshark.out": [],
}

Value = int | str | list[int]
Field = str | Callable[[Any], Value | None]

_SCREENING = {"isup.screening_indicator_enhanced": "screening"}
_PRESENTATION = {"isup.address_presentation_restricted_indicator": "presentation"}
_PLAN = {"isup.numbering_plan_indicator": "plan"}
_CALLING_NATURE = {"isup.calling_party_nature_of_address_indicator": "nature"}
_CALLED_NATURE = {"isup.called_party_nature_of_address_indicator": "nature"}


def _with_st(number: Any) -> str:
    return number.digits + ("F" if number.st else "")


def _parity(number: Any) -> int:
    return len(_with_st(number) if hasattr(number, "st") else number.digits) % 2


_ODD = {"isup.isdn_odd_even_indicator": _parity}

#: tshark's field -> our attribute, or a function of the parameter (None: tshark does not show the field then).
FIELDS: dict[type[Parameter], dict[str, Field]] = {
    NatureOfConnectionIndicators: {
        "isup.satellite_indicator": "satellite",
        "isup.continuity_check_indicator": "continuity_check",
        "isup.echo_control_device_indicator": "outgoing_echo_control",
    },
    ForwardCallIndicators: {
        "isup.forw_call_natnl_inatnl_call_indicator": "international",
        "isup.forw_call_end_to_end_method_indicator": "end_to_end_method",
        "isup.forw_call_interworking_indicator": "interworking",
        "isup.forw_call_end_to_end_information_indicator": "end_to_end_information",
        "isup.forw_call_isdn_user_part_indicator": "isup_all_the_way",
        "isup.forw_call_preferences_indicator": "isup_preference",
        "isup.forw_call_isdn_access_indicator": "isdn_access",
        "isup.forw_call_sccp_method_indicator": "sccp_method",
        "isup.forw_call_ported_num_trans_indicator": "ported_number_translated",
        "isup.forw_call_qor_attempt_indicator": "qor_attempt",
    },
    OptionalForwardCallIndicators: {
        "isup.clg_call_ind": "cug_call",
        "isup.simple_segmentation_ind": "simple_segmentation",
        "isup.connected_line_identity_request_ind": "connected_line_identity_request",
    },
    BackwardCallIndicators: {
        "isup.charge_indicator": "charge",
        "isup.called_partys_status_indicator": "called_party_status",
        "isup.called_partys_category_indicator": "called_party_category",
        "isup.backw_call_end_to_end_method_indicator": "end_to_end_method",
        "isup.backw_call_interworking_indicator": "interworking",
        "isup.backw_call_end_to_end_information_indicator": "end_to_end_information",
        "isup.backw_call_isdn_user_part_indicator": "isup_all_the_way",
        "isup.backw_call_holding_indicator": "holding",
        "isup.backw_call_isdn_access_indicator": "isdn_access",
        "isup.backw_call_echo_control_device_indicator": "incoming_echo_control",
        "isup.backw_call_sccp_method_indicator": "sccp_method",
    },
    OptionalBackwardCallIndicators: {
        "isup.inband_information_ind": "in_band_information",
        "isup.call_diversion_may_occur_ind": "call_diversion_may_occur",
        "isup.simple_segmentation_ind": "simple_segmentation",
        "isup.mlpp_user": "mlpp_user",
    },
    CallingPartysCategory: {"isup.calling_partys_category": "category"},
    TransmissionMediumRequirement: {"isup.transmission_medium_requirement": "medium"},
    TransmissionMediumRequirementPrime: {"isup.transmission_medium_requirement_prime": "medium"},
    EventInformation: {
        "isup.event_ind": "event",
        "isup.event_presentation_restr_ind": "presentation_restricted",
    },
    ContinuityIndicators: {"isup.continuity_indicator": "successful"},
    SuspendResumeIndicators: {"isup.suspend_resume_indicator": "network_initiated"},
    HopCounter: {"isup.hop_counter": "count"},
    CalledPartyNumber: {"isup.called": _with_st, "isup.inn_indicator": "inn", **_CALLED_NATURE, **_PLAN, **_ODD},
    SubsequentNumber: {"isup.subsequent_number": _with_st, **_ODD},
    RedirectionNumber: {
        "isup.redirection_number": _with_st,
        "isup.inn_indicator": "inn",
        **_CALLED_NATURE,
        **_PLAN,
        **_ODD,
    },
    CallingPartyNumber: {
        "isup.calling": "digits",
        "isup.ni_indicator": "incomplete",
        "isup.screening_indicator": "screening",
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    ConnectedNumber: {
        "isup.connected_number": "digits",
        "isup.screening_indicator": "screening",
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    CallTransferNumber: {
        "isup.call_transfer_number": "digits",
        **_SCREENING,
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    LocationNumber: {
        "isup.location_number": "digits",
        "isup.inn_indicator": "inn",
        "isup.screening_indicator": "screening",
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    OriginalCalledNumber: {
        "isup.original_called_number": "digits",
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    RedirectingNumber: {"isup.redirecting": "digits", **_CALLING_NATURE, **_PLAN, **_ODD, **_PRESENTATION},
    GenericNumber: {
        "isup.generic_number": "digits",
        "isup.number_qualifier_indicator": "qualifier",
        "isup.ni_indicator": "incomplete",
        **_SCREENING,
        **_CALLING_NATURE,
        **_PLAN,
        **_ODD,
        **_PRESENTATION,
    },
    ChargeNumber: {
        "isup.charge_number": "digits",
        "isup.charge_number_nature_of_address_indicator": "nature",
        **_PLAN,
        **_ODD,
    },
    TransitNetworkSelection: {
        "isup.transit_network_selection": "digits",
        "isup.network_identification_plan": "plan",
        "isup.type_of_network_identification": "kind",
        **_ODD,
    },
    CauseIndicators: {
        "isup.cause_indicators": lambda value: value.encode().hex(":"),
        "q931.cause_location": lambda value: None if value.coding_standard else value.location,
        "q931.coding_standard": lambda value: None if value.coding_standard else 0,
        "isup.cause_indicator": lambda value: None if value.coding_standard else value.value,
        "q931.cause.recommendation": lambda value: None if value.coding_standard else value.recommendation,
    },
    RedirectionInformation: {
        "isup.redirecting_ind": "indicator",
        "isup.original_redirection_reason": "original_reason",
        "isup.redirection_counter": "counter",
        "isup.redirection_reason": "reason",
    },
    RedirectionNumberRestriction: {"isup.presentation_indicator": "presentation"},
    GenericNotificationIndicator: {"isup.notification_indicator": "notification"},
    AccessDeliveryInformation: {"isup.access_delivery_ind": "no_setup_generated"},
    AutomaticCongestionLevel: {"isup.automatic_congestion_level": "level"},
    EchoControlInformation: {
        "isup.OECD_inf_ind_vals": "outgoing_device",
        "isup.IECD_inf_ind_vals": "incoming_device",
        "isup.OECD_req_ind_vals": "outgoing_request",
        "isup.IECD_req_ind_vals": "incoming_request",
    },
    InformationRequestIndicators: {
        "isup.calling_party_address_request_indicator": "calling_party_address",
        "isup.info_req_holding_indicator": "holding",
        "isup.calling_partys_category_request_indicator": "calling_partys_category",
        "isup.charge_information_request_indicator": "charge_information",
        "isup.malicious_call_ident_request_indicator": "malicious_call_identification",
    },
    InformationIndicators: {
        "isup.calling_party_address_response_indicator": "calling_party_address",
        "isup.hold_provided_indicator": "hold_provided",
        "isup.calling_partys_category_response_indicator": "calling_partys_category",
        "isup.charge_information_response_indicator": "charge_information",
        "isup.solicited_indicator": "unsolicited",
    },
    PropagationDelayCounter: {"isup.propagation_delay_counter": "milliseconds"},
    ClosedUserGroupInterlockCode: {"isup.network_identity": "network", "isup.binary_code": "interlock"},
    MessageCompatibilityInformation: {
        "isup.transit_at_intermediate_exchange_ind": "end_node",
        "isup.Release_call_ind": "release",
        "isup.Send_notification_ind": "notify",
        "isup.Discard_message_ind_value": "discard_message",
        "isup.Pass_on_not_possible_val": "discard_if_not_passed",
        "isup.broadband_narrowband_interworking_ind2": "interworking",
    },
    ParameterCompatibilityInformation: {
        "isup.upgraded_parameter": lambda value: [item.parameter for item in value.instructions],
        "isup.transit_at_intermediate_exchange_ind": lambda value: [item.end_node for item in value.instructions],
        "isup.Release_call_ind": lambda value: [item.release for item in value.instructions],
        "isup.Send_notification_ind": lambda value: [item.notify for item in value.instructions],
        "isup.Discard_message_ind_value": lambda value: [item.discard_message for item in value.instructions],
        "isup.Discard_parameter_ind": lambda value: [item.discard_parameter for item in value.instructions],
        "isup.Pass_on_not_possible_ind": lambda value: [item.pass_on_not_possible for item in value.instructions],
    },
    AccessTransport: {"isup.access_transport_parameter_field": lambda value: value.encode().hex(":")},
    UserServiceInformation: {
        "isup.user_service_information": lambda value: value.octets.hex(":"),
        "q931.information_transfer_capability": "capability",
        "q931.information_transfer_rate": "rate",
        "q931.transfer_mode": "mode",
        "q931.uil1": "layer1",
    },
    UserServiceInformationPrime: {"isup.user_service_information_prime": lambda value: value.octets.hex(":")},
    UserToUserInformation: {"isup.user_to_user_info": lambda value: value.encode().hex(":")},
    UserToUserIndicators: {
        "isup.UUI_type": "response",
        "isup.UUI_req_service1": lambda value: None if value.response else value.service1,
        "isup.UUI_req_service2": lambda value: None if value.response else value.service2,
        "isup.UUI_req_service3": lambda value: None if value.response else value.service3,
        "isup.UUI_res_service1": lambda value: value.service1 if value.response else None,
        "isup.UUI_res_service2": lambda value: value.service2 if value.response else None,
        "isup.UUI_res_service3": lambda value: value.service3 if value.response else None,
        "isup.UUI_network_discard_ind": lambda value: value.network_discard if value.response else None,
    },
    GenericDigits: {"isup.generic_digits": lambda value: value.encode().hex(":")},
    CallDiversionInformation: {"isup.call_diversion_information": lambda value: value.notification | value.reason << 3},
    TransmissionMediumUsed: {"isup.transmission_medium_requirement_prime": "medium"},
    CircuitGroupSupervisionMessageType: {"isup.cgs_message_type": "type"},
    RangeAndStatus: {"isup.range_indicator": "count"},
    OriginatingLineInformation: {"isup.originating_line_info": "line"},
    CircuitGroupCharacteristicIndicator: {
        "isup.cg_carrier_ind": "carrier",
        "isup.cg_char_ind.doubleSeize": "double_seizing_control",
        "isup.cg_alarm_car_ind": "alarm_carrier",
        "isup.cg_alarm_cnt_chk": "continuity_check",
    },
    CircuitValidationResponseIndicator: {"isup.conn_rsp_ind": "successful"},
    supplementary.CallReference: {"isup.call_identity": "identity"},
    supplementary.CallHistoryInformation: {"isup.call_history_info": "milliseconds"},
    supplementary.ServiceActivation: {
        "isup.feature_code": lambda value: [str(feature) for feature in value.features] or None
    },
    supplementary.UserTeleserviceInformation: {
        "q931.coding_standard": "coding_standard",
        "q931.interpretation": "interpretation",
        "q931.presentation_method_protocol_profile": "presentation",
    },
    supplementary.MlppPrecedence: {
        "isup.look_forward_busy": "look_ahead_for_busy",
        "isup.precedence_level": "precedence",
        "isup.network_identity": lambda value: value.network,
        "isup.mlpp_service_domain": "domain",
    },
    supplementary.McidRequestIndicators: {
        "isup.mcid_request_indicators": lambda value: value.identification | value.holding << 1
    },
    supplementary.McidResponseIndicators: {
        "isup.mcid_response_indicators": lambda value: value.identification_included | value.holding_provided << 1
    },
    supplementary.CallTransferReference: {"isup.call_transfer_identity": "identity"},
    supplementary.CorrelationId: {"isup.correlation_id": lambda value: value.encode().hex(":")},
    supplementary.ScfId: {"isup.scf_id": lambda value: value.encode().hex(":")},
    supplementary.CalledInNumber: {"isup.numbering_plan_indicator": "plan"},
    flags.LoopPreventionIndicators: {"isup.loop_prevention_indicator_type": "response"},
    flags.Ccss: {"isup.ccss_call_indicator": "ccss_call"},
    flags.BackwardGvns: {"isup.backward_gvns": lambda value: value.encode()[0]},
    flags.NetworkManagementControls: {"isup.temporary_alternative_routing_ind": "temporary_alternative_routing"},
    flags.CallDiversionTreatment: {"isup.call_to_be_diverted_ind": "diversion"},
    flags.CallOfferingTreatment: {"isup.call_to_be_offered_ind": "offering"},
    flags.ConferenceTreatment: {"isup.conference_acceptance_ind": "acceptance"},
    flags.UidActionIndicators: {"isup.uid_action_indicators": lambda value: value.encode()[0]},
    flags.UidCapabilityIndicators: {"isup.uid_capability_indicators": lambda value: value.encode()[0]},
    flags.CollectCallRequest: {"isup.collect_call_request_indicator": "requested"},
}

#: Types whose content tshark does not take apart, or not as they are sent here (point codes with octets swapped).
WITHOUT_FIELDS = {
    *(supplementary.SignallingPointCode, supplementary.OriginationIscPointCode, supplementary.CalledDirectoryNumber),
    *(supplementary.OriginalCalledInNumber, supplementary.NetworkRoutingNumber),
    *(flags.FacilityIndicator, flags.FreephoneIndicators, flags.CcnrPossibleIndicator, flags.QueryOnReleaseCapability),
    *(flags.PivotCounter, flags.ServiceCode, flags.SpecialProcessingRequest, flags.CarrierSelectionInformation),
    *(ansi.JurisdictionInformation, ansi.CarrierIdentification, ansi.GenericName),
    *(ansi.CommonLanguageLocation, ansi.CircuitIdentificationName),
}


def expected(parameter: Parameter) -> dict[str, list[str | int]]:
    """What tshark should show of a parameter."""
    found: dict[str, list[str | int]] = {}
    for name, source in FIELDS.get(type(parameter), {}).items():
        value = getattr(parameter, source) if isinstance(source, str) else source(parameter)
        if value is not None:
            values = value if isinstance(value, list) else [value]
            found[name] = [item if isinstance(item, str) else int(item) for item in values]
    return found


def shown(fields: dict[str, list[str]], wanted: dict[str, list[str | int]]) -> dict[str, list[str | int]]:
    """The same fields as tshark shows them, numbers as numbers."""
    found: dict[str, list[str | int]] = {}
    for name, values in wanted.items():
        texts = fields.get(name, [])
        if len(values) == 1 and len(set(texts)) == 1:
            texts = texts[:1]  # tshark shows the type of user-to-user indicators twice in a response
        found[name] = list(texts) if isinstance(values[0], str) else [_number(text) for text in texts]
    return found


def _number(text: str) -> int:
    return {"True": 1, "False": 0}[text] if text in ("True", "False") else int(text, 0)


def compare(message: Message, theirs: Dissected) -> None:
    assert not theirs.malformed
    assert (theirs.cic, theirs.type) == (message.cic, int(message.type))
    assert [code for code, _ in theirs.parameters] == list(message.codes())
    for parameter, (_, fields) in zip(message.parameters(), theirs.parameters, strict=True):
        if isinstance(parameter, Parameter):
            wanted = expected(parameter)
            assert shown(fields, wanted) == wanted, f"{parameter.name}: {parameter}"
        elif "isup.parameter_value" in fields:
            assert fields["isup.parameter_value"] == [parameter.octets.hex(":")]


def test_every_type_is_compared():
    own = {CircuitStateIndicator, supplementary.ApplicationTransport}  # they have tests of their own
    assert {cls for cls in every_type() if cls not in FIELDS} == own | WITHOUT_FIELDS


@pytest.mark.parametrize("name", CAPTURES)
def test_vectors_are_the_messages_of_the_captures(name):
    found = isup_octets(VECTORS / "captures" / name, CAPTURES[name])
    assert found
    assert set(found) <= set(captured_messages())


def test_captured_messages(tmp_path):
    messages = captured_messages()
    for octets, theirs in zip(messages, dissect(messages, tmp_path / "captured.pcap"), strict=True):
        ours = Message.parse(octets)
        if ours.format is None:
            assert (theirs.cic, theirs.type) == (ours.cic, int(ours.type))
        else:
            compare(ours, theirs)


#: Parameters that tshark reads only in their own messages.
OWN_MESSAGE = {
    RangeAndStatus,
    CircuitStateIndicator,
    CircuitGroupSupervisionMessageType,
    CircuitGroupCharacteristicIndicator,
    CircuitValidationResponseIndicator,
    supplementary.ApplicationTransport,  # tshark goes on to the protocol inside
}
FREE = [cls for cls in every_type() if cls not in OWN_MESSAGE]
ROUNDS = 40


#: Types that tshark reads only as ANSI.
ANSI = {ChargeNumber, OriginatingLineInformation}


@pytest.fixture(scope="module")
def random_parameters(tmp_path_factory):
    """For every type messages with one such parameter, as we read them and as tshark does."""
    found = {}
    for variant in (Variant.ITU, Variant.ANSI):
        kinds = [cls for cls in FREE if (cls in ANSI) == (variant is Variant.ANSI)]
        messages: list[Message] = []
        for cls in kinds:
            source = random.Random(cls.__name__)
            for _ in range(ROUNDS):
                cic = source.randint(0, 4095)
                built = Message.build(MessageType.FAC, cic, [an_instance(cls, source)], variant=variant)
                messages.append(Message.parse(built.encode(), variant))
        path = tmp_path_factory.mktemp("isup") / "random.pcap"
        seen = dissect([message.encode() for message in messages], path, variant.value)
        pairs = list(zip(messages, seen, strict=True))
        found.update({cls: pairs[index * ROUNDS : (index + 1) * ROUNDS] for index, cls in enumerate(kinds)})
    return found


@pytest.mark.parametrize("cls", FREE, ids=lambda cls: cls.__name__)
def test_every_parameter_with_random_fields(cls, random_parameters):
    for message, theirs in random_parameters[cls]:
        compare(message, theirs)


def test_circuit_validation_response(tmp_path):
    source = random.Random(2)
    kinds = (CircuitValidationResponseIndicator, CircuitGroupCharacteristicIndicator)
    messages = [
        Message.build(MessageType.CVR, 1, [an_instance(cls, source) for cls in kinds], variant=Variant.ANSI)
        for _ in range(ROUNDS)
    ]
    for message, theirs in zip(
        messages, dissect([m.encode() for m in messages], tmp_path / "v.pcap", "ansi"), strict=True
    ):
        compare(message, theirs)


def test_application_transport(tmp_path):
    parameters = [
        supplementary.ApplicationTransport(0, *flags_, segments, True, reference, b"\x01\x02\x03")
        for flags_ in ((False, True), (True, False))
        for segments, reference in ((0, None), (3, 77))
    ]
    messages = [Message.build(MessageType.APM, 1, [parameter]) for parameter in parameters]
    seen = dissect([message.encode() for message in messages], tmp_path / "a.pcap")
    for ours, theirs in zip(parameters, seen, strict=True):
        ((_, fields),) = theirs.parameters
        assert int(fields["isup.app_context_identifier"][0]) == ours.context
        assert [_number(fields["isup.app_Send_notification_ind"][0])] == [ours.notify]
        assert [_number(fields["isup.app_Release_call_indicator"][0])] == [ours.release]
        assert int(fields["isup.apm_segmentation_ind"][0]) == ours.segments


def test_circuit_group_messages(tmp_path):
    source = random.Random(0)
    messages = []
    for _ in range(ROUNDS):
        length = source.randint(1, 31)
        status = RangeAndStatus(length, tuple(source.random() < 0.5 for _ in range(length + 1)))
        kind = CircuitGroupSupervisionMessageType(source.randint(0, 2))
        for name in ("CGB", "CGU", "CGBA", "CGUA"):
            messages.append(Message.build(MessageType[name], source.randint(0, 4095), [kind, status]))
        messages.append(Message.build(MessageType.GRA, 1, [status]))
        messages.append(Message.build(MessageType.GRS, 1, [RangeAndStatus(length)]))
        messages.append(Message.build(MessageType.CQM, 1, [RangeAndStatus(length)]))
    for message, theirs in zip(messages, dissect([m.encode() for m in messages], tmp_path / "g.pcap"), strict=True):
        compare(message, theirs)


def test_circuit_states(tmp_path):
    states = [CircuitState.of(octet) for octet in range(64)]
    messages = [
        Message.build(MessageType.CQR, 1, [RangeAndStatus(15), CircuitStateIndicator(tuple(states[i : i + 16]))])
        for i in range(0, 64, 16)
    ]
    seen = dissect([message.encode() for message in messages], tmp_path / "q.pcap")
    ours = [state for state in states if state.call_processing]
    fields = [theirs.parameters[-1][1] for theirs in seen]
    assert [int(x, 0) for f in fields for x in f["isup.call_processing_state"]] == [s.call_processing for s in ours]
    assert [int(x, 0) for f in fields for x in f["isup.hw_blocking_state"]] == [s.hardware for s in ours]
