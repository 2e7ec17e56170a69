"""The torture tests of RFC 4475, clause by clause, and what the RFC says is to become of each.

The messages are built here from what the clauses describe: the same features, other names. Each is heard by an agent
that is alone; `answers` are the statuses that the RFC allows, None where it says that the message is to be discarded.
"""

from dataclasses import dataclass

import pytest
from support.sip_script import PEER, Script

from tandem.gateway.sip.message import parse_message
from tandem.gateway.sip.primitives import IncomingInvite, SendDatagram

SDP = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 49172 RTP/AVP 8\r\n"


def message(start, *lines, body="", length=None, drop=()):
    """A message with the usual fields, each replaced by a line of the same name."""
    method = start.split()[0]
    usual = {
        "Via": "Via: SIP/2.0/UDP 10.0.0.2:5060;branch=z9hG4bKtorture;rport",
        "Max-Forwards": "Max-Forwards: 70",
        "From": "From: <sip:caller@there.example>;tag=323",
        "To": "To: <sip:user@here.example>",
        "Call-ID": "Call-ID: torture.1@there.example",
        "CSeq": f"CSeq: 8 {method}",
        "Contact": "Contact: <sip:caller@10.0.0.2>",
        "Content-Length": f"Content-Length: {len(body.encode()) if length is None else length}",
    }
    if body:
        usual["Content-Type"] = "Content-Type: application/sdp"
    for line in lines:
        usual.pop(line.partition(":")[0].strip(), None)
    for name in drop:
        usual.pop(name)
    return "\r\n".join([start, *usual.values(), *lines, "", body])


@dataclass
class Case:
    """One clause."""

    clause: str
    text: str
    answers: tuple[int | None, ...]


def options(*lines, **more):
    return message("OPTIONS sip:user@here.example SIP/2.0", *lines, **more)


def invite(*lines, uri="sip:user@here.example", body=SDP, **more):
    return message(f"INVITE {uri} SIP/2.0", *lines, body=body, **more)


VALID_INVITE = (100,)
CASES = {
    # 3.1.1 Valid messages
    "wsinv": Case(
        "3.1.1.1",
        "INVITE sip:user@here.example;unknownparam SIP/2.0\r\nTO :\r\n sip:user@here.example ;   tag    = 19181n\r\n"
        'from   : "J Rosenberg \\\\\\""       <sip:jd@there.example>\r\n  ;\r\n  tag = 98asjd8\r\n'
        "MaX-fOrWaRdS: 0068\r\n"
        f"Call-ID: wsinv.n@192.0.2.1\r\nContent-Length   : {len(SDP)}\r\ncseq: 0009\r\n  INVITE\r\n"
        "Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;rport;branch=390skdjuw\r\ns :\r\n"
        "NewFangledHeader:   new value\r\n continued\r\nUnknownHeaderWithUnusualValue: ;;,,;;,;\r\n"
        "Content-Type: application/sdp\r\nRoute:\r\n <sip:services.example;lr;unknownwith=value;unknown-no-value>\r\n"
        "v:  SIP  / 2.0  / TCP     spindle.example   ;\r\n  branch  =   z9hG4bK9ikj8  ,\r\n"
        " SIP  /    2.0   / UDP  192.168.255.111   ; branch=\r\n z9hG4bK30239\r\n"
        'm:"Quoted string \\"\\"" <sip:jd@there.example> ; newparam =\r\n      newvalue ;\r\n'
        "  secondparam ; q = 0.33\r\n"
        f"\r\n{SDP}",
        # The To has a tag: outside a dialog of ours that is 481; a well-formed request in any case.
        (481,),
    ),
    "intmeth": Case(
        "3.1.1.2",
        "!interesting-Method0123456789_*+`.%indeed'~ sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*:"
        "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)@here.example SIP/2.0\r\n"
        'Via: SIP/2.0/UDP 10.0.0.2;rport;branch=z9hG4bK-.!%66*_+`\'~\r\nTo: "BEL:\\\x07 DEL:\\\x7f" '
        "<sip:1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*@here.example>\r\nFrom: token1~` token2'+_ token3*%!.- "
        "<sip:mundane@there.example> ;fromParam''~+*_!.-%=\"раб\";tag=_token~1'+`*%!-.\r\n"
        "Call-ID: intmeth.word%ZK-!.*_+'@word`~)(><:\\/\"][?}{\r\n"
        "CSeq: 139122385 !interesting-Method0123456789_*+`.%indeed'~\r\nMax-Forwards: 255\r\n"
        "extensionHeader-!.%*+_`'~:\ufeff大停電\r\nContent-Length: 0\r\n\r\n",
        (501,),
    ),
    "esc01": Case("3.1.1.3", invite("To: sip:%75se%72@here.example", uri="sip:sips%3Auser%40x@here.example"), (100,)),
    "escnull": Case(
        "3.1.1.4",
        message(
            "REGISTER sip:here.example SIP/2.0", "To: sip:null-%00-null@here.example", "Contact: <sip:%00@10.0.0.2>"
        ),
        (405,),
    ),
    "esc02": Case("3.1.1.5", message("RE%47IST%45R sip:here.example SIP/2.0"), (501,)),
    "lwsdisp": Case("3.1.1.6", options("From: caller<sip:caller@there.example>;tag=323"), (200,)),
    "longreq": Case(
        "3.1.1.7",
        invite(
            f'To: "{"long " * 40}" <sip:{"a" * 200}@here.example;{"p" * 100}={"v" * 100}>',
            *[f"Via: SIP/2.0/TCP sip{n}.example;branch=z9hG4bK{'x' * 60}{n}" for n in range(34)],
            f"Unknown-{'name' * 20}: {'value ' * 50}",
        ),
        (100,),
    ),
    "dblreq": Case("3.1.1.8", options() + "\r\nINVITE sip:joe@here.example SIP/2.0\r\nt: sip:joe@x\r\n", (200,)),
    "semiuri": Case("3.1.1.9", message("OPTIONS sip:user;par=u%40there.net@here.example SIP/2.0"), (200,)),
    "transports": Case(
        "3.1.1.10",
        options(
            *[f"Via: SIP/2.0/{t} t{t}.example;branch=z9hG4bK{t}" for t in ("UDP", "SCTP", "TLS", "UNKNOWN", "TCP")]
        ),
        (200,),
    ),
    "mpart01": Case(
        "3.1.1.11",
        message(
            "MESSAGE sip:user@here.example SIP/2.0",
            "Content-Type: multipart/mixed;boundary=7a9c",
            body="--7a9c\r\nContent-Type: text/plain\r\n\r\nHello\r\n--7a9c--\r\n",
        ),
        (405,),
    ),
    "unreason": Case(
        "3.1.1.12", message("SIP/2.0 200 = 2**3 * 5**2 но сто девяносто девять", "CSeq: 8 OPTIONS"), (None,)
    ),
    "noreason": Case("3.1.1.13", message("SIP/2.0 100 ", "CSeq: 8 INVITE"), (None,)),
    # 3.1.2 Invalid messages
    "badinv01": Case(
        "3.1.2.1",
        invite("Via: SIP/2.0/UDP 192.0.2.15;;,;,,", "Contact: <sip:joe@10.0.0.2>;;;;"),
        (400, None),
    ),
    "clerr": Case("3.1.2.2", invite(length=9999), (400,)),
    "ncl": Case("3.1.2.3", invite(length=-999), (400,)),
    "scalar02": Case(
        "3.1.2.4", message("REGISTER sip:here.example SIP/2.0", "CSeq: 36893488147419103232 REGISTER"), (400,)
    ),
    "scalarlg": Case("3.1.2.5", message("SIP/2.0 503 Busy", "CSeq: 9292394834772304023312 OPTIONS"), (None,)),
    "quotbal": Case("3.1.2.6", invite('To: "Mr. J. User <sip:j.user@here.example>'), (400,)),
    "ltgtruri": Case("3.1.2.7", invite(uri="<sip:user@here.example>"), (400,)),
    "lwsruri": Case("3.1.2.8", invite(uri="sip:user@here.example; lr"), (400,)),
    "lwsstart": Case("3.1.2.9", invite().replace("INVITE sip", "INVITE  sip", 1), (400,)),
    "trws": Case("3.1.2.10", options().replace(" SIP/2.0\r\n", " SIP/2.0  \r\n", 1), (400, None)),
    "escruri": Case("3.1.2.11", invite(uri="sip:user@here.example?Route=%3Csip:x.example%3E"), (400, 100)),
    "baddate": Case("3.1.2.12", invite("Date: Fri, 01 Jan 2010 16:00:00 EST"), (100,)),
    "regbadct": Case("3.1.2.13", invite("Contact: sip:user@example.com?Route=%3Csip:sip.example.com%3E"), (400,)),
    "badaspec": Case("3.1.2.14", options('To: "Watson, Thomas" < sip:t.watson@here.example >'), (400,)),
    "baddn": Case("3.1.2.15", options("From: Bell, Alexander <sip:a.g.bell@there.example>;tag=43"), (400, 200)),
    "badvers": Case("3.1.2.16", message("OPTIONS sip:t.watson@here.example SIP/7.0"), (505,)),
    "mismatch01": Case("3.1.2.17", options("CSeq: 8 INVITE"), (400,)),
    "mismatch02": Case("3.1.2.18", message("NEWMETHOD sip:user@here.example SIP/2.0", "CSeq: 8 INVITE"), (400, 501)),
    "bigcode": Case("3.1.2.19", message("SIP/2.0 4294967301 better not break the receiver", "CSeq: 8 INVITE"), (None,)),
    # 3.2 Transaction layer
    "badbranch": Case("3.2.1", options("Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bK"), (200,)),
    # 3.3 Application layer
    "insuf": Case("3.3.1", invite(drop=("Call-ID", "From", "To")), (400, None)),
    "unkscm": Case("3.3.2", message("OPTIONS nobodyKnowsThisScheme:totallyopaquecontent SIP/2.0"), (416,)),
    "novelsc": Case("3.3.3", message("OPTIONS soap.beep://192.0.2.103:3002 SIP/2.0"), (416,)),
    "unksm2": Case(
        "3.3.4",
        message("REGISTER sip:here.example SIP/2.0", "To: isbn:2983792873", "Contact: <name:John_Smith>"),
        (405, 400),
    ),
    "bext01": Case("3.3.5", options("Require: nothingSupportsThis, nothingSupportsThisEither"), (420,)),
    "invut": Case("3.3.6", invite("Content-Type: application/unknownformat"), (415,)),
    "regaut01": Case(
        "3.3.7",
        message("REGISTER sip:here.example SIP/2.0", "Authorization: NoOneKnowsThisScheme opaque=here"),
        (405, 401),
    ),
    "multi01": Case("3.3.8", invite("CSeq: 8 INVITE", "CSeq: 9 INVITE", "Max-Forwards: 5", "Max-Forwards: 6"), (400,)),
    "mcl01": Case("3.3.9", options("Content-Length: 0", "l: 5"), (400,)),
    "bcast": Case(
        "3.3.10",
        message("SIP/2.0 200 OK", "Via: SIP/2.0/UDP 255.255.255.255;branch=z9hG4bK1", "CSeq: 8 INVITE", body=SDP),
        (None,),
    ),
    "zeromf": Case("3.3.11", options("Max-Forwards: 0"), (200, 483)),
    "cparam01": Case(
        "3.3.12",
        message("REGISTER sip:here.example SIP/2.0", "Contact: sip:+19725552222@gw1.example;unknownparam"),
        (405,),
    ),
    "cparam02": Case(
        "3.3.13", message("REGISTER sip:here.example SIP/2.0", "Contact: <sip:+1972@gw1.example;unknownparam>"), (405,)
    ),
    "regescrt": Case(
        "3.3.14", message("REGISTER sip:here.example SIP/2.0", "Contact: <sip:u@x.example?Route=%3Csip:y%3E>"), (405,)
    ),
    "sdp01": Case("3.3.15", invite("Accept: text/nobodyKnowsThis"), (100, 406)),
    # 3.4 Backward compatibility
    "inv2543": Case("3.4.1", invite("Via: SIP/2.0/UDP 10.0.0.2", "From: <sip:old@there.example>"), (100,)),
}


@pytest.mark.parametrize("name", CASES)
def test_what_becomes_of_it(name):
    case = CASES[name]
    script = Script()
    # Read by their first line: a refusal repeats the malformed fields that it refuses.
    script.agent.receive(case.text.encode(), PEER, 0.0)
    outputs = script.agent.outputs()
    sent = [output.data for output in outputs if isinstance(output, SendDatagram)]
    status = int(sent[0].split()[1]) if sent else None
    assert status in case.answers, f"RFC 4475 {case.clause}"
    if status == 100:
        assert any(isinstance(output, IncomingInvite) for output in outputs)
    # Whatever it was, the agent is sound afterwards and forgets it in time.
    assert (
        script.hear(options("Call-ID: sound@there.example", "Via: SIP/2.0/UDP 10.0.0.2;branch=z9hG4bKsound"))[0].status
        == 200
    )
    for number in list(script.agent._context.calls):
        script.agent.end(number, 480, (), script.now)
    script.wait(100)
    assert set(script.agent.sizes().values()) == {0}


def test_every_clause_is_there():
    """3.1.1.1 to 3.1.1.13, 3.1.2.1 to 3.1.2.19, 3.2.1, 3.3.1 to 3.3.15, 3.4.1."""
    expected = [f"3.1.1.{n}" for n in range(1, 14)] + [f"3.1.2.{n}" for n in range(1, 20)] + ["3.2.1"]
    expected += [f"3.3.{n}" for n in range(1, 16)] + ["3.4.1"]
    assert [case.clause for case in CASES.values()] == expected


def test_values_survive_the_unusual():
    """3.1.1.1 to 3.1.1.3: what was folded, escaped and quoted is understood, not merely let through."""
    wsinv = parse_message(CASES["wsinv"].text.encode())
    assert (wsinv.from_.display, wsinv.from_.tag, wsinv.cseq) == ('J Rosenberg \\"', "98asjd8", 9)
    assert len(wsinv.values("via")) == 3
    intmeth = parse_message(CASES["intmeth"].text.encode())
    assert intmeth.uri.password == "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)"
    assert parse_message(CASES["esc01"].text.encode()).uri.user == "sips:user@x"
    assert parse_message(CASES["esc01"].text.encode()).to.uri.user == "user"
    assert parse_message(CASES["semiuri"].text.encode()).uri.user == "user;par=u@there.net"
    assert parse_message(CASES["escnull"].text.encode()).to.uri.user == "null-\0-null"
