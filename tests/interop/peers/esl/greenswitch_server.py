"""greenswitch, as it is, as a program that channels are handed to: what it saw goes to standard output as JSON.

python greenswitch_server.py PORT
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402

import gevent  # noqa: E402
import greenswitch  # noqa: E402

seen = {"events": []}
over = gevent.event.Event()


class Application:
    def __init__(self, session):
        self.session = session

    def run(self):
        session = self.session
        seen["uuid"], seen["trunk"] = session.uuid, session.session_data["Tandem-Trunk"]
        session.register_handle("*", lambda event: seen["events"].append(event.headers.get("Event-Name")))
        session.myevents()
        session.linger(5)
        done = session.call_command("set", "colour=blue", block=True, response_timeout=20)
        seen["set"] = done.headers["Application-Data"]
        session.call_command("sleep", "200", block=True, response_timeout=20)
        session.hangup("USER_BUSY")
        for _ in range(100):
            if "CHANNEL_HANGUP_COMPLETE" in seen["events"]:
                break
            gevent.sleep(0.1)
        over.set()


server = greenswitch.OutboundESLServer("127.0.0.1", int(sys.argv[1]), application=Application, max_connections=2)
gevent.spawn(server.listen)
print("ready", flush=True)
over.wait(60)
print(json.dumps(seen), flush=True)
