"""Every rule of `tandem mappings` has a test: rows of values and causes by their tables, each other one by name.

Rows of values are run in `gateway/trunks/test_rules.py`; of causes, statuses and messages of failure, typed in anew, in
`test_rfc3398.py` and `test_tup_causes.py`. What describes messages is here: the rule, and the test that plays it.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from tandem.gateway.mappings import rows
from tandem.gateway.trunks.rules import shown

TESTS = Path(__file__).parents[1]
TRUNKS = "gateway/trunks/test_"

SIP_CALL = {
    "INVITE": "sip_identity::setup_takes_the_asserted_identity_before_from",
    "INVITE with IAM (SIP-I)": "sip_isup::the_called_number_is_that_of_the_request_uri",
    "180, 183, 200 with ACM, CPG, ANM, CON": "sip_isup::the_messages_of_a_whole_call",
    "BYE, CANCEL, final status with REL": "sip_isup::a_refusal_loses_nothing",
    "INFO with SUS, RES, CPG, USR …": "sip_isup::the_messages_of_a_whole_call",
    "180 or 183 with SDP": "sip_early::may_hear",
    "200 to INVITE": "sip_overlap::digits_go_on_one_by_one_and_the_call_is_answered",
    "BYE, CANCEL": "sip_mapping::bye_and_cancel",
    "further INVITE of the same call (overlap)": "sip_overlap::digits_go_on_one_by_one_and_the_call_is_answered",
    "484 where digits may follow (overlap)": "sip_overlap::no_more_digits_after_a_refusal_ends_the_call_as_incomplete",
    "re-INVITE or UPDATE, sendonly or inactive": "sip_calls::hold_is_told_to_the_other_side",
    "re-INVITE or UPDATE, sendrecv after hold": "sip_calls::hold_is_told_to_the_other_side",
    "INFO with application/dtmf-relay or application/dtmf": "sip_calls::a_digit_in_info_goes_into_the_circuit",
}
CALL_SIP = {
    "any, on a trunk that carries ISUP": "sip_isup::the_messages_of_a_whole_call",
    "Setup": "sip_identity::called_party",
    "Information (overlap)": "sip_overlap::digits_go_on_one_by_one_and_the_call_is_answered",
    "Alerting or Progress, inband": "conformance/test_rfc3398::acm_to_provisional_response",
    "Answer": "conformance/test_rfc3398::answer",
    "Suspend, Resume": "conformance/test_call_flows::suspension_says_nothing_to_sip",
    "Hold": "sip_calls::hold_is_told_to_the_other_side",
    "Retrieve": "sip_calls::hold_is_told_to_the_other_side",
    "Dtmf": "sip::a_telephone_event_goes_on_as_info_where_the_trunk_wants_it",
    "Release after answer": "conformance/test_rfc3398::rel_after_answer_is_bye",
    "Release from SIP before answer": "sip_mapping::a_status_of_the_called_user_goes_from_sip_to_sip_as_it_is",
}
ISUP_CALL = {
    "IAM, with the SAMs of an overlap number": "isup_mapping::digits_of_sams_replace_those_of_the_iam",
    "ACM or CPG, in-band information": "isup_mapping::cpg",
    "ACM that is progress; that is alerting, interworking encountered": "isup_mapping::acm",
    "ANM, CON": "isup_mapping::answers_and_suspension",
    "CPG, remote hold": "isup_mapping::hold_both_ways",
    "CPG, remote retrieval": "isup_mapping::hold_both_ways",
    "SUS": "isup_mapping::answers_and_suspension",
    "RES": "isup_mapping::answers_and_suspension",
    "SAM after the call went on (pass_digits)": "test_outcomes::overlap_digit_by_digit",
    "FOT": "test_outcomes::forward_transfer",
    "INR, IDR": "tup_information::inr_becomes_grq_and_gsm_inf",
    "INF, IRS in answer to ours; CFN to INR": "tup_information::a_peer_that_does_not_know_inr_costs_no_call",
    "MPM (China)": "tup_information::metering_pulses_between_tup_and_the_chinese_isup",
    "OPR (China)": "tup_information::the_operator_comes_in_from_the_chinese_isup",
    "CCL (China), release_control called beyond": "isup::the_called_party_ends_a_call_of_the_chinese_isup",
    "CCL (China)": "isup::a_caller_of_the_chinese_isup_clears",
    "REL": "test_outcomes::failures",
}
CALL_ISUP = {
    "Setup": "isup_mapping::iam_from_sip_indicates_interworking",
    "Information": "test_outcomes::overlap_digit_by_digit",
    "Alerting": "isup_mapping::backward_message",
    "Progress": "isup_mapping::backward_message",
    "Progress, inband": "isup_mapping::backward_message",
    "Answer": "isup_mapping::backward_message",
    "Answer without ACM": "test_outcomes::answer_without_alerting",
    "Hold": "isup_mapping::hold_both_ways",
    "Retrieve": "isup_mapping::hold_both_ways",
    "Suspend": "isup_mapping::backward_message",
    "Resume": "isup_mapping::backward_message",
    "ForwardTransfer": "test_outcomes::forward_transfer",
    "InformationRequest before the answer": "tup_information::no_inf_within_t33_ends_the_call",
    "InformationRequest, malicious": "tup_information::a_malicious_call_that_nobody_answers_for_goes_on",
    "InformationReply": "tup_information::inr_becomes_grq_and_gsm_inf",
    "Metering": "tup_information::metering_pulses_between_tup_and_the_chinese_isup",
    "OperatorSignal": "tup_information::the_operator_comes_in_from_tup_to_the_chinese_isup",
    "CallingPartyCleared": "isup::the_called_party_ends_a_call_of_the_chinese_isup",
    "Release": "test_outcomes::failures",
}
TUP_CALL = {
    "IAM, IAI": "tup_mapping::an_iai_becomes_a_setup",
    "SAM, SAO": "tup::overlap_digits_are_collected",
    "digital path required": "tup_mapping::an_iai_becomes_a_setup",
    "no digital path": "tup_mapping::no_identity_is_no_calling_number",
    "calling line identity": "tup_mapping::an_iai_becomes_a_setup",
    "original called address": "tup_mapping::an_iai_becomes_a_setup",
    "redirected call": "tup_mapping::an_iai_becomes_a_setup",
    "ACM": "tup_mapping::what_messages_mean",
    "ANC, ANN, ANU": "tup_mapping::what_messages_mean",
    "CBK, release_control calling": "tup::release_control_decides_what_cbk_is",
    "CBK, release_control called or either": "tup::release_control_decides_what_cbk_is",
    "RAN": "tup::the_tandem_the_other_way_round",
    "CLF": "test_outcomes::success_and_the_calling_side_hangs_up",
    "FOT": "test_outcomes::forward_transfer",
    "SAM, SAO after the call went on (pass_digits)": "test_outcomes::overlap_digit_by_digit",
    "GRQ": "tup_information::grq_becomes_inr_and_inf_gsm",
    "GSM in answer to ours": "tup_information::inr_becomes_grq_and_gsm_inf",
    "MAL": "tup_information::a_malicious_call_is_told_with_idr",
    "MPM": "tup_information::metering_pulses_between_tup_and_the_chinese_isup",
    "OPR": "tup_information::the_operator_comes_in_from_tup_to_the_chinese_isup",
    "CHG": "tup_information::charging_goes_to_tup_only",
    "CCL, release_control called beyond": "tup::the_called_party_holds_the_call_through_two_tup_trunks",
    "CCL": "tup::the_caller_who_clears_under_called_party_control",
}
CALL_TUP = {
    "Setup with calling or original called number": "tup_mapping::iam_and_iai_of_another_protocol",
    "Setup without": "tup_mapping::iam_and_iai_of_another_protocol",
    "Information": "test_outcomes::overlap_digit_by_digit",
    "ForwardTransfer": "test_outcomes::forward_transfer",
    "InformationRequest": "tup_information::idr_reaches_a_tup_caller",
    "InformationReply": "tup_information::grq_becomes_inr_and_inf_gsm",
    "Metering": "tup_information::metering_pulses_between_tup_and_the_chinese_isup",
    "OperatorSignal": "tup_information::the_operator_comes_in_from_the_chinese_isup",
    "CallingPartyCleared": "tup::the_called_party_holds_the_call_through_two_tup_trunks",
    "Progress, inband": "tup_mapping::what_the_calling_side_is_told",
    "Progress, nothing to hear": "tup::a_silent_called_side_gets_an_early_acm",
    "Alerting": "tup_mapping::what_the_calling_side_is_told",
    "Answer": "tup_mapping::what_the_calling_side_is_told",
    "Answer without ACM": "test_outcomes::answer_without_alerting",
    "Suspend": "tup_mapping::what_the_calling_side_is_told",
    "Resume": "tup_mapping::what_the_calling_side_is_told",
    "Release by the calling side": "test_outcomes::success_and_the_calling_side_hangs_up",
    "Release by the called side before ACM": "conformance/test_tup_causes::cause_to_message_of_failure",
    "Release by the called side after ACM": "conformance/test_tup_causes::after_acm_there_is_only_cfl",
    "Release by the called side after answer": "test_outcomes::success_and_the_called_side_hangs_up",
}
PRI_CALL = {
    "SETUP, with the INFORMATION of an overlap number": "pri::overlap_digits_are_collected",
    "INFORMATION after the call went on (pass_digits)": "pri::digits_go_on_one_by_one",
    **{
        f"bearer capability {name}": "pri_mapping::bearers"
        for name in (
            "speech",
            "audio 3k1",
            "unrestricted digital",
            "restricted digital",
            "unrestricted digital with tones",
        )
    },
    "any other bearer capability": "pri_mapping::bearers_that_one_channel_cannot_carry_are_refused",
    "calling number the peer may show": "pri_numbers::numbers_of_a_user_are_screened_against_the_list",
    "any other calling number of a user": "pri_numbers::numbers_of_a_user_are_screened_against_the_list",
    "CALL PROCEEDING": "pri_mapping::progress",
    "CALL PROCEEDING, PROGRESS with progress indicator 1 or 8": "pri_mapping::progress",
    "PROGRESS with any other": "pri_mapping::progress",
    "ALERTING": "pri_mapping::alerting",
    "ALERTING with progress indicator 8": "pri_mapping::alerting",
    "CONNECT": "pri_mapping::connect",
    "NOTIFY, user suspended": "pri_mapping::notify",
    "NOTIFY, user resumed": "pri_mapping::notify",
    "HOLD; NOTIFY, remote hold": "pri::hold_is_agreed_to_and_nothing_is_heard_meanwhile",
    "RETRIEVE; NOTIFY, remote retrieval": "pri::hold_is_agreed_to_and_nothing_is_heard_meanwhile",
    "NOTIFY, any other": "pri::user_information_and_notifications_go_through_isup_both_ways",
    "USER INFORMATION": "pri::user_information_and_notifications_go_through_isup_both_ways",
    "FACILITY, CONGESTION CONTROL, INFORMATION in a call": (
        "pri::notifications_facilities_and_user_information_go_through"
    ),
    "user-user": "pri::sip_carries_user_to_user_information_and_sub_addresses_and_back",
    "display in SETUP": "pri::the_name_of_a_pri_caller_is_told_to_sip",
    "sub-addresses": "pri::sip_carries_user_to_user_information_and_sub_addresses_and_back",
    "SUSPEND, RESUME": "pri::a_suspended_call_goes_on_elsewhere_or_ends_with_t307",
    "DISCONNECT, RELEASE, RELEASE COMPLETE": "pri_mapping::a_release_keeps_cause_and_location",
    "DISCONNECT with progress indicator 8": "pri::a_refusal_with_a_tone_is_heard_for_a_while",
    "RESTART": "interop/test_libpri_calls::restart_of_a_channel_ends_its_call",
}
CALL_PRI = {
    "Setup": "pri::pri_isup_pri_loses_nothing",
    "Setup of no ISDN": "pri_mapping::a_setup_of_no_isdn_says_so",
    "name of the caller from SIP": "pri::the_name_of_a_sip_caller_is_displayed",
    "Information": "pri_mapping::further_digits",
    "Alerting": "pri_mapping::ringback_of_ours_is_told",
    "Progress, inband": "pri_mapping::what_can_be_heard_is_told",
    "Progress of a network that is no ISDN": "pri_mapping::what_can_be_heard_is_told",
    "Answer": "pri_mapping::an_answer",
    "Answer of no ISDN": "pri_mapping::an_answer",
    "Suspend": "pri_mapping::suspension",
    "Resume": "pri_mapping::suspension",
    "Hold": "pri_mapping::suspension",
    "Retrieve": "pri_mapping::suspension",
    "Progress with a tone that ends the call": "pri::a_tone_of_ours_comes_with_disconnect",
    "Release": "pri_mapping::the_end_of_a_call",
}
PLAYED = {
    (direction, source): test
    for direction, table in {
        "sip-call": SIP_CALL,
        "call-sip": CALL_SIP,
        "isup-call": ISUP_CALL,
        "call-isup": CALL_ISUP,
        "tup-call": TUP_CALL,
        "call-tup": CALL_TUP,
        "pri-call": PRI_CALL,
        "call-pri": CALL_PRI,
    }.items()
    for source, test in table.items()
}


def described():
    """Rows that are neither of values nor of causes, statuses and messages of failure."""
    values = set(shown({}, ""))
    for row in set(rows(None, None)) - values:
        caused = row.target.startswith("Release, cause") and (row.source[:3].isdigit() or len(row.source) == 3)
        failure = caused and row.source not in ("CLF", "CCL")
        if not (failure or row.source.startswith(("cause ", "Release before answer, cause"))):
            yield row.direction, row.source


def test_every_rule_is_played_and_none_is_made_up():
    assert set(described()) == set(PLAYED)


@cache
def functions_of(file):
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    return {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}


@pytest.mark.parametrize("test", sorted(set(PLAYED.values())))
def test_the_test_is_there(test):
    file, _, name = test.partition("::")
    file = f"{file}.py" if file.startswith(("test_", "conformance/", "interop/")) else f"{TRUNKS}{file}.py"
    assert f"test_{name}" in functions_of(file)
