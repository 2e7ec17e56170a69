"""greenswitch, as it is, as a client of the event socket: what it saw goes to standard output as JSON.

python greenswitch_client.py PORT PASSWORD
"""

from gevent import monkey

monkey.patch_all()

import json  # noqa: E402
import sys  # noqa: E402

import gevent  # noqa: E402
import greenswitch  # noqa: E402

port, password = int(sys.argv[1]), sys.argv[2]
seen = {"events": [], "log": []}
client = greenswitch.InboundESL(host="127.0.0.1", port=port, password=password)
client.connect()


def keep(event):
    seen["events"].append({name: event.headers[name] for name in event.headers})


for name in ("BACKGROUND_JOB", "HEARTBEAT", "tandem::circuit"):
    client.register_handle(name, keep)
client.register_handle("log", lambda event: seen["log"].append(event.data))
seen["status"] = client.send("api status").data
seen["spans"] = client.send("api show spans as json").data
seen["event"] = client.send("event plain ALL").data
seen["logging"] = client.send("log 6").data
job = client.send("bgapi version")
seen["job"] = job.headers["Job-UUID"]
seen["block"] = client.send("api circuit block left 4").data
for _ in range(100):
    names = {event["Event-Name"] for event in seen["events"]}
    if {"BACKGROUND_JOB", "HEARTBEAT", "CUSTOM"} <= names and seen["log"]:
        break
    gevent.sleep(0.1)
client.stop()
try:
    greenswitch.InboundESL(host="127.0.0.1", port=port, password="wrong").connect()
except ValueError as error:
    seen["wrong"] = str(error)
print(json.dumps(seen))
