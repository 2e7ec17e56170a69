"""The application: who may ask, what is answered, what may be ordered."""

import asyncio
import json

import pytest
from support.web_bench import WebBench


@pytest.fixture(scope="module")
def bench():
    return WebBench().up()


def ask(bench, method, path, headers=None, **keys):
    body = keys.pop("body", None)

    async def run():
        async with bench.client(**keys) as client:
            return await client.request(method, path, headers=headers or {}, json=body)

    return asyncio.run(run())


ORDER = {"order": "block", "trunk": "pstn", "circuit": "9"}


def test_the_page_needs_nothing_from_elsewhere(bench):
    page = ask(bench, "GET", "/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "//" not in page.text.replace("<!doctype", "")
    for name in ("page.js", "page.css", "icon.svg", "alpine-csp-3.17.4.min.js"):
        assert f"/static/{name}" in page.text
        assert ask(bench, "GET", f"/static/{name}").status_code == 200


def test_metrics_state_and_alarms(bench):
    metrics = ask(bench, "GET", "/metrics")
    assert metrics.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert 'tandem_circuits{state="idle",trunk="pstn"}' in metrics.text
    assert ask(bench, "GET", "/state").json()["node"] == "A"
    assert ask(bench, "GET", "/alarms").json() == {"active": [], "cleared": []}


def test_health_is_for_load_balancers(bench):
    assert ask(bench, "GET", "/health", token="x").json() == {"status": "ok"}
    bench.healthy = False
    answer = ask(bench, "GET", "/health", token="x")
    bench.healthy = True
    assert (answer.status_code, answer.json()) == (503, {"status": "not taking calls"})


@pytest.mark.parametrize("path", ["/", "/metrics", "/state", "/alarms", "/live", "/static/page.js"])
def test_without_the_token_nothing_is_told(bench, path):
    assert ask(bench, "GET", path, token="secret").status_code == 401
    assert ask(bench, "GET", path, {"Authorization": "Bearer wrong"}, token="secret").status_code == 401
    assert ask(bench, "GET", path, {"Cookie": "tandem-token=wrong"}, token="secret").status_code == 401


def test_a_browser_says_the_token_once(bench):
    first = ask(bench, "GET", "/?token=secret", token="secret")
    assert (first.status_code, first.headers["location"]) == (303, "/")
    cookie = first.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()
    assert ask(bench, "GET", "/state", {"Cookie": cookie.split(";")[0]}, token="secret").status_code == 200
    assert ask(bench, "GET", "/?token=wrong", token="secret").status_code == 401


def test_nothing_is_ordered_unless_allowed(bench):
    answer = ask(bench, "POST", "/order", body=ORDER)
    assert answer.status_code == 403
    assert "changes = true" in answer.json()["error"]


def allowed(bench, body, **headers):
    headers |= {"Authorization": "Bearer t"}
    return ask(bench, "POST", "/order", headers, token="t", changes=True, body=body)


def test_a_circuit_is_blocked_and_unblocked_and_it_is_in_the_audit(bench):
    answer = allowed(bench, ORDER)
    assert (answer.status_code, answer.json()["answer"][:3]) == (200, "+OK")
    bench.run(1)
    assert bench.nodes["A"].isup.exchange.circuit_states("pstn")[9].blocking
    allowed(bench, ORDER | {"order": "unblock"})
    bench.run(1)
    assert not bench.nodes["A"].isup.exchange.circuit_states("pstn")[9].blocking
    assert [entry[2] for entry in bench.audit[-2:]] == ["circuit block pstn 9", "circuit unblock pstn 9"]
    assert bench.audit[-1][1].startswith("web ")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"order": "block"}, 400),
        ([1], 400),
        (ORDER | {"order": "shutdown"}, 400),
        (ORDER | {"circuit": "9 10"}, 400),
        (ORDER | {"trunk": "nobody"}, 409),
    ],
)
def test_orders_that_make_no_sense(bench, body, status):
    assert allowed(bench, body).status_code == status


def test_another_site_cannot_have_a_browser_order(bench):
    assert allowed(bench, ORDER, Origin="http://elsewhere.example").status_code == 401
    assert allowed(bench, ORDER | {"order": "unblock"}, Origin="http://gateway").status_code == 200


def test_the_live_stream_is_the_state_and_then_only_what_differs(bench):
    async def run():
        seen = []
        application = bench.client()._transport.app
        gone = asyncio.Event()

        async def receive():
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message["type"] == "http.response.body" and message.get("body"):
                seen.append(message["body"])
                if len(seen) == 2:
                    gone.set()

        scope = {"type": "http", "method": "GET", "path": "/live", "headers": [], "query_string": b""}
        scope |= {"http_version": "1.1", "scheme": "http", "server": ("gateway", 80), "client": ("127.0.0.1", 1)}
        await asyncio.wait_for(application(scope, receive, send), 10)
        return seen

    first, second = asyncio.run(run())[:2]
    assert json.loads(first.removeprefix(b"data: "))["node"] == "A"
    assert second == b": nothing new\n\n"
