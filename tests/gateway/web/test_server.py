"""The server in an event loop that has other things to do."""

import asyncio
import socket
import urllib.request

import pytest
from support.web_bench import WebBench

from tandem.core.errors import ConfigurationError
from tandem.gateway.configuration.web import Web
from tandem.gateway.web.app import Sources
from tandem.gateway.web.server import WebServer


@pytest.fixture(scope="module")
def sources():
    bench = WebBench()
    clocks = lambda: (bench.now, bench.wall)  # noqa: E731
    return Sources(bench.desk, bench.metrics, bench.alarms, bench.view, clocks, lambda: True, lambda: None)


def free_address():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


def test_it_answers_and_ends(sources):
    address = free_address()

    def get():
        with urllib.request.urlopen(f"http://{address}/health", timeout=5) as answer:
            return answer.read()

    async def run():
        server = WebServer(Web(listen=address), sources)
        await server.start()
        try:
            for _ in range(100):
                try:
                    return await asyncio.to_thread(get)
                except OSError:
                    await asyncio.sleep(0.05)
        finally:
            await server.close()

    assert asyncio.run(run()) == b'{"status":"ok"}'


def test_an_address_that_is_taken_is_told(sources):
    with socket.create_server(("127.0.0.1", 0)) as other:
        address = f"127.0.0.1:{other.getsockname()[1]}"

        async def run():
            await WebServer(Web(listen=address), sources).start()

        with pytest.raises(
            ConfigurationError, match=rf"web.listen: {address} cannot be opened: Address already in use"
        ):
            asyncio.run(run())
