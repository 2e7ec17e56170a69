"""Kamailio in front, as in examples/kamailio: TLS from a carrier, two gateways behind, one leaves and comes back.

The carrier is a third gateway with SIPp on both its sides.
"""

import contextlib
import signal
import time

import pytest
from support.built_pjsip import used
from support.certificates import Authority
from support.gateways import wait_for
from support.kamailio import EXAMPLE, Kamailio
from support.peers import INTEROP
from support.sip_gateway import SipGateway, by_engine, free_stream_ports
from support.sipp import Sipp

pytestmark = pytest.mark.interop


class Edge:
    """Everything that the tests of this module share."""

    def __init__(self, folder, stack, engine):
        """`engine`: that of gateway 1, which leaves and joins; gateway 2 has our own."""
        self.folder, self._engine = folder, engine
        authority = Authority(folder / "ca")
        port = free_stream_ports(9)
        self.udp, self.tls = port, port + 1
        self.sip = {"1": port + 2, "2": port + 3, "C": port + 4}
        self.carrier_tls, self.caller, self.callee = port + 5, port + 6, port + 7
        edge = authority.issue("edge", "127.0.0.1")
        (folder / "dispatcher.list").write_text(
            f"1 sip:127.0.0.1:{self.sip['1']} 0 0\n1 sip:127.0.0.1:{self.sip['2']} 0 0\n"
            f"2 sip:127.0.0.1:{self.carrier_tls};transport=tls 0 0\n"
        )
        text = (EXAMPLE / "tls.cfg").read_text()
        for name, file in (("edge.key", edge), ("edge.pem", edge), ("carriers-ca.pem", authority.file)):
            text = text.replace(f"/etc/kamailio/{name}", str(file))
        (folder / "tls.cfg").write_text(text)
        defines = {
            "EDGE_UDP": f"udp:127.0.0.1:{self.udp}",
            "EDGE_TCP": f"tcp:127.0.0.1:{self.udp}",
            "EDGE_TLS": f"tls:127.0.0.1:{self.tls}",
            "PING_FROM": "sip:edge@127.0.0.1",
            "PING_SECONDS": "1",
            "GATEWAYS": str(folder / "dispatcher.list"),
            "CERTIFICATES": str(folder / "tls.cfg"),
        }
        self.stack = stack
        self.gateways = {name: self.start(name) for name in "12"}
        certificate = authority.issue("carrier", "127.0.0.1")
        self.carrier = stack.enter_context(
            contextlib.closing(
                SipGateway(
                    folder / "C",
                    f'[sip]\nlisten = "127.0.0.1:{self.sip["C"]}"\nalso_listen = ["tls:127.0.0.1:{self.carrier_tls}"]\n'
                    f'[sip.tls]\ncertificate = "{certificate}"\nauthorities = "{authority.file}"\n'
                    "client_certificates = true\n"
                    f'[[trunk]]\nname = "caller"\ntype = "sip"\npeer = "127.0.0.1:{self.caller}"\n'
                    f'[[trunk]]\nname = "edge"\ntype = "sip"\npeer = "127.0.0.1:{self.tls}"\ntransport = "tls"\n'
                    f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{self.callee}"\n'
                    '[[route]]\ntrunk = ["caller"]\nto = ["edge"]\n[[route]]\ntrunk = ["edge"]\nto = ["callee"]\n',
                    "C",
                )
            )
        )
        self.kamailio = stack.enter_context(Kamailio(folder, EXAMPLE / "kamailio.cfg", defines, self.udp))

    def start(self, name):
        """Start gateway `name`: what comes from the edge goes back there."""
        text = (
            f'[sip]\nlisten = "127.0.0.1:{self.sip[name]}"\n'
            f'[[trunk]]\nname = "edge"\ntype = "sip"\npeer = "127.0.0.1:{self.udp}"\n'
            '[[route]]\ntrunk = ["edge"]\nto = ["edge"]\n'
        )
        text = by_engine(self._engine if name == "1" else "native", text)
        return self.stack.enter_context(contextlib.closing(SipGateway(self.folder / name, text, name)))

    def answering(self, calls, name):
        """The called side, for so many calls."""
        return Sipp("plain_callee", self.folder / name, self.callee, calls=calls, called="4930100")

    def calling(self, calls, name, hold=200):
        """The calling side."""
        return Sipp(
            "held_caller",
            self.folder / name,
            self.caller,
            self.sip["C"],
            calls=calls,
            options=["-r", "5", "-t", "u1"],
            called="4930100",
            hold=hold,
        )

    def records(self):
        """How many calls each gateway has accounted for."""
        return {name: len(gateway.records()) for name, gateway in self.gateways.items()}


@pytest.fixture(scope="module", params=["native", "pjsua2-built"])
def edge(tmp_path_factory, request):
    """Each of its calls is two to PJSIP: with the wheels of it there would be room for one."""
    with used(request.param) as engine, contextlib.ExitStack() as stack:
        made = Edge(tmp_path_factory.mktemp("edge"), stack, engine)
        # Kamailio's first round of OPTIONS must have found everybody.
        time.sleep(2.5)
        yield made


def calls(edge, count, name):
    with edge.answering(count, f"{name}-callee") as answering, edge.calling(count, f"{name}-caller") as calling:
        calling.wait()
        answering.wait()


def test_calls_over_tls_are_spread_over_the_gateways(edge):
    calls(edge, 6, "spread")
    wait_for(lambda: sum(edge.records().values()) == 6, "six records")
    assert edge.records() == {"1": 3, "2": 3}
    ends = {(r.result, r.released_by) for gateway in edge.gateways.values() for r in gateway.records()}
    assert ends == {("answered", "incoming")}
    wait_for(lambda: len(edge.carrier.records()) == 12, "each call leaves the carrier and comes back to it")


def test_a_gateway_leaves_and_joins_without_dropping_calls(edge):
    before = edge.records()
    leaving = edge.gateways["1"]
    with edge.answering(2, "held-callee") as answering, edge.calling(2, "held-caller", hold=4500) as calling:
        time.sleep(2.5)
        leaving.process.send_signal(signal.SIGUSR1)
        wait_for(lambda: leaving.said("leaving: no new calls; 1 go on"), "it leaves")
        # Its OPTIONS are answered with 503 now; in the meantime a refused call is passed on to the other.
        calling.wait()
        answering.wait()
    assert leaving.process.wait(20) == 0
    leaving.read()
    assert leaving.said("stopped")
    assert edge.records() == {"1": before["1"] + 1, "2": before["2"] + 1}, "neither call was dropped"
    calls(edge, 4, "alone")
    wait_for(lambda: edge.records()["2"] == before["2"] + 5, "all calls go to the other gateway")
    edge.gateways["1"] = edge.start("1")
    time.sleep(3)
    joined = edge.records()
    calls(edge, 4, "again")
    wait_for(lambda: sum(edge.records().values()) == sum(joined.values()) + 4, "four more records")
    assert edge.records()["1"] > joined["1"], "the gateway that came back takes calls"


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
@pytest.mark.parametrize("engine", ["native", "pjsua2"])
def test_kamailio_as_registrar(tmp_path, algorithm, engine):
    """We register two accounts with it, one for less than it grants (423), renew, take calls, and take it back."""
    port = free_stream_ports(5)
    provider, own, caller, callee = range(port, port + 4)
    defines = {
        "PROVIDER_UDP": f"udp:127.0.0.1:{provider}",
        "PROVIDER_TCP": f"tcp:127.0.0.1:{provider}",
        "MIN_EXPIRES": "120",
        "NONCE_SECONDS": "300",
        "ALGORITHM": algorithm,
    }
    text = (
        f'[sip]\nlisten = "127.0.0.1:{own}"\nalso_listen = ["tcp:127.0.0.1:{own}"]\n'
        f'[[trunk]]\nname = "provider"\ntype = "sip"\npeer = "127.0.0.1:{provider}"\ntransport = "tcp"\n'
        'domain = "provider.example"\nuser = "4930100"\npassword = "secret"\n'
        f'[[trunk]]\nname = "callee"\ntype = "sip"\npeer = "127.0.0.1:{callee}"\n'
        '[[route]]\ntrunk = ["provider"]\nto = ["callee"]\n'
        '[[sip.registration]]\ntrunk = "provider"\nexpires = 60\n'
        '[[sip.registration]]\ntrunk = "provider"\nuser = "account"\npassword = "secret"\nnumber = "4930200"\n'
        '[[sip.registration]]\ntrunk = "provider"\nuser = "other"\npassword = "wrong"\n'
    )
    with (
        Kamailio(tmp_path, INTEROP / "peers" / "registrar.cfg", defines, provider),
        contextlib.closing(SipGateway(tmp_path / "G", by_engine(engine, text))) as gateway,
    ):
        wait_for(lambda: gateway.said("4930100@provider.example: registered"), "the first registration")
        assert gateway.said("registration sip:4930100@provider.example: registered")[0].endswith("for 120 s")
        wait_for(lambda: gateway.said("account@provider.example: registered"), "the second registration")
        why = "credentials refused" if engine == "native" else "Unauthorized"
        wait_for(lambda: gateway.said(f"other@provider.example: failed 401: {why}"), "the wrong password")
        for dialled, number in (("4930100", "4930100"), ("account", "4930200")):
            with (
                Sipp("plain_callee", tmp_path / dialled, callee, called=number) as answering,
                Sipp("plain_caller", tmp_path / dialled, caller, provider, called=dialled) as calling,
            ):
                calling.wait()
                answering.wait()
        wait_for(lambda: len(gateway.records()) == 2, "two records")
        assert [(r.incoming.trunk, r.released_by) for r in gateway.records()] == [("provider", "incoming")] * 2
        assert gateway.stop() == 0
        assert len(gateway.said(": removed")) == 3
