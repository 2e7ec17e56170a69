"""A desk for commands on gateway A of two that are joined under a virtual clock; the process around it is played."""

from support.node_pair import OFFER, Bench
from support.sip_calls import place

from tandem.gateway.applications.events import Happening
from tandem.gateway.operator.command import CommandError
from tandem.gateway.operator.desk import Desk
from tandem.gateway.operator.table import command_table
from tandem.gateway.sip.primitives import Answered, IncomingInvite

WALL = 1_700_000_000.0
PRI = """
[node]
name = "{name}"
records = "unused"
[sip]
listen = "{sip}"
[[sip.user]]
name = "1000"
password = "x"
[[span]]
name = "e1"
device = "virtual:{name}"
[[trunk]]
name = "line"
type = "pri"
side = "network"
  [[trunk.spans]]
  span = "e1"
[[trunk]]
name = "phones"
type = "sip"
registrar = true
[[route]]
name = "all"
called = '^1'
to = ["phones", "line"]
"""


class PlayedHost:
    """Remembers what was asked of the process."""

    started = WALL

    def __init__(self):
        self.asked = []
        self.leaving = False
        self.level = "info"

    def version(self):
        return "1.2.3"

    def reload(self, dry_run):
        self.asked.append(("reload", dry_run))
        if self.leaving:
            raise CommandError("nothing was changed")
        return "+OK\n"

    def stop(self, how):
        self.asked.append(("stop", how))
        self.leaving = how == "elegant"

    def log_level(self):
        return self.level

    def set_log_level(self, level):
        self.level = level

    def start_capture(self, name):
        self.asked.append(("capture", name))
        return f"goes to {name}"

    def stop_capture(self):
        return "0 packets"

    def capture_status(self):
        return {"capturing": False}


class DeskBench(Bench):
    """Two gateways in service, and a desk at A."""

    def __init__(self, **options):
        super().__init__(**options)
        self.host = PlayedHost()
        self.audit = []
        self.told = []
        """What happened to channels."""
        self.began = self.now
        self.desk = Desk(
            self.nodes["A"],
            self.host,
            command_table(),
            lambda: (self.now, WALL + self.now - self.began),
            lambda *entry: self.audit.append(entry),
        )

    def _drain(self, name):
        node = self.nodes.get(name)
        if name == "A" and node.switchboard.events:
            self.told += node.switchboard.events
            for event in node.switchboard.events:
                if event.what is Happening.BACKGROUND_JOB and hasattr(self, "desk"):
                    self.desk.job_done(event.data["job"], event.data["result"])
        super()._drain(name)

    def ask(self, line, read_only=False):
        """The answer to a command; None when it has not come yet."""
        answers = self.begin(line, read_only)
        return answers[0] if answers else None

    def begin(self, line, read_only=False):
        """A list that the answer to a command goes into."""
        answers = []
        self.desk.run(line, "tester", answers.append, read_only)
        self._drain("A")
        return answers

    def called(self, dial="isup/pstn/301234", then="&park"):
        """The UUID of somebody who was called by `originate` and has answered."""
        answers = self.begin(f"originate {dial} {then}")
        before = len(self.events("b", IncomingInvite))
        self.run(0.3)
        offered = self.events("b", IncomingInvite)
        assert len(offered) == before + 1 or offered, self.lines[-5:]
        self.call("b", "respond", offered[-1].call, 200, body=OFFER)
        self.run(0.3)
        assert answers, self.lines[-5:]
        assert answers[0].startswith("+OK "), answers
        return answers[0].split()[1]


def talk(bench):
    """One more call from user a to user b, answered."""
    before = len(bench.events("a", Answered))
    call = place(bench)
    offered = bench.events("b", IncomingInvite)[-1]
    bench.call("b", "respond", offered.call, 200, body=OFFER)
    bench.run(0.1)
    assert len(bench.events("a", Answered)) == before + 1
    return call, offered
