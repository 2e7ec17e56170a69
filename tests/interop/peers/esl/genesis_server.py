"""genesis, as it is, as a program that channels are handed to: what it saw goes to standard output as JSON.

python genesis_server.py PORT
"""

import asyncio
import json
import sys

from genesis import Outbound


async def main():
    seen, over = {}, asyncio.Event()

    async def handler(session):
        seen["uuid"] = session.uuid
        done = await session.sendmsg("execute", "set", "colour=red", block=True, timeout=20)
        seen["set"] = done["Application-Data"]
        await session.sendmsg("execute", "sleep", "200", block=True, timeout=20)
        seen["hangup"] = (await session.sendmsg("hangup", "", "USER_BUSY"))["Reply-Text"]
        over.set()

    server = Outbound(handler, "127.0.0.1", int(sys.argv[1]))
    await server.start(block=False)
    print("ready", flush=True)
    await asyncio.wait_for(over.wait(), 60)
    print(json.dumps(seen), flush=True)


asyncio.run(main())
