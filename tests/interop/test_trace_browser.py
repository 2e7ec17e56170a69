"""The HTML report of `tandem trace` in a real browser: calls listed, a ladder opened by a click, nothing run."""

import subprocess
import sys
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from support.packet_files import ethernet, ipv4, pcap, udp
from support.sip_flows import capture as flows

pytestmark = pytest.mark.interop

VECTORS = Path(__file__).parent.parent / "vectors"
SCREENSHOTS = Path(__file__).parent.parent.parent / "build" / "screenshots"
HOSTILE = "</script><script>document.title='owned'</script><img src=x onerror=document.title='owned'>"


def show(browser, path, capture):
    subprocess.run([sys.executable, "-m", "tandem.gateway", "trace", str(capture), "--html", str(path)], check=True)
    browser.get(path.as_uri())
    WebDriverWait(browser, 60).until(lambda found: found.find_element(By.TAG_NAME, "html").get_attribute("data-ready"))
    assert [entry for entry in browser.get_log("browser") if entry["level"] == "SEVERE"] == []


def rows(browser):
    return browser.find_elements(By.CSS_SELECTOR, "#table tbody tr")


def test_calls_a_ladder_and_the_details_of_a_message(browser, tmp_path):
    show(browser, tmp_path / "report.html", VECTORS / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")
    assert len(rows(browser)) == 94
    browser.find_element(By.ID, "search").send_keys("isup-3 ")
    found = WebDriverWait(browser, 30).until(lambda _: [row for row in rows(browser) if "isup-3" in row.text])
    next(row for row in found if row.get_attribute("data-call") == "isup-3").click()
    panel = browser.find_element(By.ID, "call")
    assert not [
        word
        for word in ("null", "undefined", "NaN")
        if word in panel.text + browser.find_element(By.TAG_NAME, "main").text
    ]
    messages = panel.find_elements(By.CSS_SELECTOR, "g.message")
    assert [message.text.split()[3] for message in messages] == ["IAM", "ACM", "ANM", "REL", "RLC"]
    messages[0].click()
    details = panel.find_element(By.ID, "details").text
    assert "Called party number" in details
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    assert browser.save_screenshot(str(SCREENSHOTS / "trace-report.png"))


def test_sorting_and_findings(browser, tmp_path):
    show(browser, tmp_path / "report.html", VECTORS / "isup" / "captures" / "m3ua_94calls_wireshark.pcap")

    def times():
        return [row.find_elements(By.TAG_NAME, "td")[1].text for row in rows(browser)]

    assert times() == sorted(times())
    heading = browser.find_elements(By.CSS_SELECTOR, "#table th")[1]
    heading.click()
    assert times() == sorted(times(), reverse=True)
    browser.find_element(By.CSS_SELECTOR, "[data-tab=findings]").click()
    assert "Nothing wrong" in browser.find_element(By.ID, "findings").text


def test_what_a_hostile_capture_holds_is_text(browser, tmp_path):
    lines = (
        f"INVITE sip:{HOSTILE.replace(' ', '')}@b SIP/2.0",
        "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
        f'From: "{HOSTILE}" <sip:{HOSTILE.replace(" ", "")}@a>;tag=1',
        "To: <sip:2@b>",
        f"Call-ID: {HOSTILE}",
        "CSeq: 1 INVITE",
        f"Subject: {HOSTILE}",
        "Content-Length: 0",
    )
    capture = tmp_path / "hostile.pcap"
    capture.write_bytes(pcap([(1, ethernet(ipv4(udp(("\r\n".join(lines) + "\r\n\r\n").encode()), 17)))]))
    show(browser, tmp_path / "report.html", capture)
    (row,) = rows(browser)
    assert "<script>" in row.text
    row.click()
    browser.find_element(By.CSS_SELECTOR, "g.message").click()
    assert HOSTILE in browser.find_element(By.ID, "details").text
    assert browser.title == "Trace report"
    assert len(browser.find_elements(By.TAG_NAME, "img")) == 0


def test_calls_of_several_days_have_the_day(browser, tmp_path):
    capture = tmp_path / "days.pcap"
    capture.write_bytes(flows([(0.0, 1, "INVITE", True, 1, ""), (200_000.0, 2, "INVITE", True, 1, "")]))
    show(browser, tmp_path / "report.html", capture)
    starts = [row.find_elements(By.TAG_NAME, "td")[1].text for row in rows(browser)]
    assert starts == ["1970-01-01 00:16:40.000", "1970-01-03 07:50:00.000"]
    assert {"01-01", "01-03"} <= {text.text for text in browser.find_elements(By.CSS_SELECTOR, "#charts svg text")}


def test_a_capture_without_calls_begins_with_what_was_found(browser, tmp_path):
    show(browser, tmp_path / "report.html", VECTORS / "trace" / "captures" / "sigtran_m3ua_sctp-handshake-fail.pcap.gz")
    assert "aborted the association" in browser.find_element(By.ID, "findings").text
    assert browser.find_elements(By.CSS_SELECTOR, "#charts svg") == []
    browser.find_element(By.CSS_SELECTOR, "[data-tab=calls]").click()
    assert "no call attempts" in browser.find_element(By.ID, "calls").text


def test_the_ladder_stays_in_view_beside_the_details(browser, tmp_path):
    """Also in a narrow window, where nothing is wider than it; the details scroll on their own."""
    show(browser, tmp_path / "report.html", VECTORS / "trace" / "captures" / "sip_ipv6-fragments_sngrep.pcap.gz")
    size = browser.get_window_size()
    try:
        for width in (1400, 480):
            browser.set_window_size(width, 900)
            assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
            browser.execute_script("arguments[0].click()", rows(browser)[0])
            message = browser.find_elements(By.CSS_SELECTOR, "#call g.message")[3]
            browser.execute_script("arguments[0].dispatchEvent(new MouseEvent('click'))", message)
            place = "const at = arguments[0].getBoundingClientRect(); return [at.top, at.bottom, innerHeight]"
            details = browser.execute_script(place, browser.find_element(By.ID, "details"))
            chosen = browser.execute_script(place, browser.find_element(By.CSS_SELECTOR, "g.chosen"))
            assert 0 <= chosen[0] < chosen[1] <= details[0] + 1
            assert details[1] <= details[2]
            browser.find_element(By.CSS_SELECTOR, ".close").click()
    finally:
        browser.set_window_size(size["width"], size["height"])
