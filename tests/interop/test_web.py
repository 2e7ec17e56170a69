"""The page of a running gateway in a real browser, and its metrics, while SIPp calls through it."""

import json
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from support.gateways import GatewayPair, wait_for
from support.operator_process import free_port
from support.sipp import Sipp

pytestmark = pytest.mark.interop
SCREENSHOTS = Path(__file__).parent.parent.parent / "build" / "screenshots"
NUMBER, TOKEN = "301234567", "let-me-in"


class Page:
    """A gateway pair with SIPp around it, and the web server of A."""

    def __init__(self, folder):
        self.folder = folder
        self.address = f"127.0.0.1:{free_port()}"
        more = f'[web]\nlisten = "{self.address}"\ntoken = "{TOKEN}"\nchanges = true\n'
        more += f'[[records.sqlite]]\nname = "db"\nfile = "{folder / "calls.db"}"\n'
        self.pair = GatewayPair(folder, edit=lambda text: text + more if 'name = "A"' in text else text)

    def get(self, path, token=TOKEN):
        request = urllib.request.Request(f"http://{self.address}{path}", headers={"Authorization": f"Bearer {token}"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.read().decode()

    def calling(self, scenario, **values):
        values = {"called": f"0{NUMBER}", "calling": "302000", "payload": 0} | values
        return Sipp(scenario, self.folder, None, self.pair["A"].sip, **values)

    def answering(self, scenario, **values):
        return Sipp(scenario, self.folder, self.pair["B"].user, called=NUMBER, **values)


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    page = Page(tmp_path_factory.mktemp("web"))
    yield page
    page.pair.close()


def see(browser, what, condition, seconds=30):
    return WebDriverWait(browser, seconds, 0.05, ignored_exceptions=[Exception]).until(lambda _: condition(), what)


def find(browser, selector):
    return browser.find_element(By.CSS_SELECTOR, selector)


def test_a_call_appears_and_ends_and_a_circuit_is_blocked_without_a_reload(page, browser, speech):
    browser.get(f"http://{page.address}/?token={TOKEN}")
    assert "token" not in browser.current_url
    see(browser, "it is live", lambda: find(browser, "header .pill.live").text == "live")
    browser.execute_script("window.loaded = 'once'")
    cells = browser.find_elements(By.CSS_SELECTOR, ".grid .cell")
    assert len(cells) == 30
    assert {cell.get_attribute("class").split()[-1] for cell in cells} == {"idle"}
    answering = page.answering("callee_answers", ring=500, payload=8, speech=speech[8])
    with answering, page.calling("caller_hangs_up", hold=4000, speech=speech[0]) as calling:
        row = see(browser, "the call is there", lambda: find(browser, "tr[data-call]"))
        see(browser, "and is answered", lambda: find(browser, "tr[data-call] .pill").text == "active")
        assert NUMBER in row.text
        assert len(browser.find_elements(By.CSS_SELECTOR, ".grid .cell.busy")) == 1
        find(browser, "tr[data-call]").click()
        ladder = see(browser, "its ladder", lambda: find(browser, "#ladder .ladder tbody"))
        see(browser, "has the answer", lambda: "ANM" in ladder.text)
        assert [word for word in ladder.text.split() if word.isalpha() or word == "200"] == [
            *("INVITE", "IAM", "ACM", "200", "ANM")
        ]
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        assert browser.save_screenshot(str(SCREENSHOTS / "web-page.png"))
        calling.wait()
        see(browser, "it ends", lambda: not browser.find_elements(By.CSS_SELECTOR, "tr[data-call]"))
    see(browser, "its ladder says so", lambda: "REL" in ladder.text or "ended" in find(browser, "#ladder h3").text)
    find(browser, "[data-circuit='pstn/7']").click()
    find(browser, "#block").click()
    assert find(browser, "#cancel").is_displayed()
    assert not browser.find_elements(By.CSS_SELECTOR, ".grid .cell.blocked"), "nothing happens before it is confirmed"
    find(browser, "#confirm").click()
    see(browser, "it is blocked", lambda: find(browser, "[data-circuit='pstn/7'].blocked"))
    assert browser.save_screenshot(str(SCREENSHOTS / "web-page-blocked.png"))
    wait_for(lambda: page.pair["B"].idle() or page.pair["B"].circuits.get("pstn/7", "") != "idle", "B knows")
    find(browser, "#unblock").click()
    find(browser, "#confirm").click()
    see(browser, "it is idle", lambda: find(browser, "[data-circuit='pstn/7'].idle"))
    assert browser.execute_script("return window.loaded") == "once"
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_failed_attempts_are_listed_and_counted(page, browser):
    with (
        page.answering("callee_refuses", status=486, reason="") as answering,
        page.calling("caller_is_refused", status=486, cause=17) as calling,
    ):
        calling.wait()
        answering.wait()
    see(browser, "the failure", lambda: "17" in find(browser, "[aria-label=Failures] tbody").text)
    metrics = wait_for(lambda: "tandem_call_releases" in (text := page.get("/metrics")) and text, "metrics")
    values = dict(line.rsplit(" ", 1) for line in metrics.splitlines() if not line.startswith("#"))
    assert values['tandem_call_releases_total{cause="17",released_by="outgoing"}'] == "1.0"
    assert float(values['tandem_call_attempts_total{route="out"}']) >= 2
    assert float(values['tandem_calls_effective_total{route="out"}']) >= 2
    assert values['tandem_circuits{state="idle",trunk="pstn"}'] == "30.0"
    assert values['tandem_span_up{span="e1"}'] == values['tandem_linkset_up{linkset="neighbour"}'] == "1.0"
    assert float(values["tandem_post_dial_delay_seconds_count"]) >= 1
    wait_for(lambda: float(counter(page, 'tandem_records_delivered_total{receiver="db"}')) >= 2, "records in SQLite")


def counter(page, name):
    return dict(line.rsplit(" ", 1) for line in page.get("/metrics").splitlines())[name]


def test_when_the_other_gateway_goes_there_are_alarms(page):
    assert json.loads(page.get("/health")) == {"status": "ok"}
    wait_for(lambda: not json.loads(page.get("/alarms"))["active"], "no alarms", 40)
    other = page.pair["B"].process
    other.terminate()
    other.wait(30)

    def sources():
        return {alarm["source"]: alarm["severity"] for alarm in json.loads(page.get("/alarms"))["active"]}

    wait_for(lambda: sources().get("span e1") == "critical", "the span is down")
    wait_for(lambda: sources().get("linkset neighbour") == "critical", "the linkset is down")


@pytest.mark.parametrize("path", ["/", "/metrics", "/state", "/live", "/order", "/static/page.js"])
def test_who_does_not_know_the_token_sees_nothing(page, path):
    with pytest.raises(urllib.error.HTTPError) as caught:
        page.get(path, "wrong")
    assert caught.value.code == 401
    caught.value.close()
