"""`sofia`."""

import json

from support.operator_desk import PRI, DeskBench, talk
from support.sip_script import peer_request

from tandem.gateway.sip.message import parse_message


def test_status_lists_profile_and_gateways():
    lines = DeskBench().ask("sofia status").splitlines()
    assert lines[0].split("\t")[-1] == "State"
    assert lines[1] == "=" * 97
    profile, gateway = (line.split("\t") for line in lines[2:4])
    assert [cell.strip() for cell in profile] == [
        "sip",
        "profile",
        "sip:tandem@127.0.0.1:5060;transport=udp",
        "RUNNING (0)",
    ]
    assert [cell.strip() for cell in gateway] == ["sip::pbx", "gateway", "sip:127.0.0.1:5070", "NOREG"]
    assert lines[-1] == "1 profile 0 aliases"


def test_profile():
    bench = DeskBench().up()
    talk(bench)
    for name in ("sip", "internal", "external"):
        facts = json.loads(bench.ask(f"sofia status profile {name} as json"))
        assert (facts["Name"], facts["CALLS"], facts["BIND-URL"]) == ("sip", 1, "udp:127.0.0.1:5060")
    assert "SIP-IP           \t127.0.0.1\n" in bench.ask("sofia status profile sip")
    assert bench.ask("sofia status profile nobody").startswith("-ERR no profile is named")


def test_registrations():
    bench = DeskBench(configuration=PRI)
    assert "Total items returned: 0" in bench.ask("sofia status profile sip reg")
    request = parse_message(peer_request("REGISTER", "Contact: <sip:1000@192.0.2.9>;expires=600").encode())
    bench.nodes["A"].sip.admission.registrar.register("1000", request, ("192.0.2.9", 5062), bench.now)
    text = bench.ask("sofia status profile internal reg")
    assert "User:       \t1000@192.0.2.9\n" in text
    assert "Status:     \tRegistered(UDP)(unknown) EXP(" in text
    assert "EXPSECS(600)" in text
    assert "Total items returned: 1" in text


def test_gateways():
    bench = DeskBench()
    assert bench.ask("sofia status gateway").splitlines()[-1] == "1 gateway"
    facts = json.loads(bench.ask("sofia status gateway pbx as json"))
    assert (facts["Name"], facts["State"], facts["Status"], facts["Password"]) == ("pbx", "NOREG", "UP", "no")
    assert bench.ask("sofia status gateway sip::pbx").startswith("=")
    assert bench.ask("sofia status gateway nobody") == "Invalid Gateway!\n"


def test_rescan_is_reload():
    bench = DeskBench()
    assert bench.ask("sofia profile internal rescan") == "+OK\n"
    assert bench.host.asked == [("reload", False)]
    assert bench.ask("sofia profile internal restart").startswith("-ERR usage")


def test_siptrace_logs_messages_until_it_is_switched_off():
    bench = DeskBench().up()

    def messages():
        return [line for _, name, line in bench.lines if name == "A" and line.subject.startswith("sip ")]

    assert bench.ask("sofia profile sip siptrace on") == "Enabled sip debugging on sip\n"
    talk(bench)
    seen = len(messages())
    assert seen >= 4
    assert {line.level for line in messages()} == {"info"}
    bench.ask("sofia profile sip siptrace off")
    talk(bench)
    assert len(messages()) == seen


def test_without_sip():
    text = PRI[: PRI.index("[sip]")] + PRI[PRI.index("[[span]]") : PRI.index('[[trunk]]\nname = "phones"')]
    assert DeskBench(configuration=text).ask("sofia status") == "-ERR the configuration has no [sip]\n"
