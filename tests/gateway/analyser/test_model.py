import msgspec

from tandem.gateway.analyser.model import Analysis, CallMessage, CallRecord, Finding, Leg, Outcome, Protocol, Severity


def test_json_has_the_documented_keys():
    call = CallRecord(
        protocol=Protocol.ISUP.value,
        id="c1",
        outcome=Outcome.BUSY.value,
        opc=1,
        dpc=2,
        cic=7,
        start=10.0,
        messages=[CallMessage(3, 10.0, "IAM", True)],
        legs=[Leg("c2", 0.9, "number and time")],
    )
    finding = Finding(kind="missing-rlc", severity=Severity.ERROR.value, text="no RLC", calls=["c1"], packets=[9])
    analysis = Analysis(packets=9, messages={"isup": {"IAM": 1}}, calls=[call], findings=[finding])
    value = msgspec.to_builtins(analysis)
    assert set(value) == {"packets", "messages", "calls", "findings", "skipped"}
    assert value["calls"][0]["messages"][0]["type"] == "IAM"
    documented = {"protocol", "id", "opc", "dpc", "cic", "calling", "called", "start", "alerting", "answered"}
    documented |= {"released", "released_by", "cause", "status", "messages", "legs"}
    assert documented <= set(value["calls"][0])
    assert msgspec.json.decode(msgspec.json.encode(analysis), type=Analysis) == analysis
