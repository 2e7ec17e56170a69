"""genesis, as it is, as a client of the event socket: what it saw goes to standard output as JSON.

python genesis_client.py PORT PASSWORD
"""

import asyncio
import json
import sys

from genesis import Inbound

port, password = int(sys.argv[1]), sys.argv[2]


async def main():
    seen = {"events": []}
    heard = asyncio.Event()

    async def keep(event):
        seen["events"].append(dict(event))
        heard.set()

    async with Inbound("127.0.0.1", port, password) as client:
        client.on("HEARTBEAT", keep)
        client.on("BACKGROUND_JOB", keep)
        seen["status"] = (await client.send("api status")).body
        seen["event"] = (await client.send("event plain HEARTBEAT BACKGROUND_JOB"))["Reply-Text"]
        seen["filter"] = (await client.send("filter Event-Name HEARTBEAT"))["Reply-Text"]
        await asyncio.wait_for(heard.wait(), 10)
        seen["channels"] = (await client.send("api show channels as json")).body
    try:
        async with Inbound("127.0.0.1", port, "wrong"):
            pass
    except Exception as error:
        seen["wrong"] = type(error).__name__
    print(json.dumps(seen))


asyncio.run(main())
