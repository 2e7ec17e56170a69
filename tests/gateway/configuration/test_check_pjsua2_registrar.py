"""Where phones may be, by how PJSIP was built."""

import pytest

from tandem.gateway.configuration import check_pjsua2_registrar as check
from tandem.gateway.configuration.installed_pjsip import Abilities
from tandem.gateway.configuration.schema import SipTrunk


def problems(monkeypatch, accept_from, installed):
    monkeypatch.setattr(check, "installed", installed)
    trunk = SipTrunk(name="phones", registrar=True, accept_from=accept_from)
    return dict(check.check_pjsua2_registrar("trunk[0]", trunk))


@pytest.mark.parametrize(
    ("accept_from", "wrong"),
    [([], True), (["0.0.0.0/0"], True), (["192.0.2.0/24", "::/0"], True), (["192.0.2.0/24"], False)],
)
def test_strangers_are_kept_from_assertions(monkeypatch, accept_from, wrong):
    wheel, built = (Abilities("2", 4, False, "", False, assertions) for assertions in (True, False))
    found = problems(monkeypatch, accept_from, lambda: wheel)
    assert list(found) == ["trunk[0].accept_from"] * wrong
    assert all("tandem build-pjsip" in text for text in found.values())
    assert not problems(monkeypatch, accept_from, lambda: built)


def test_one_that_cannot_be_used_is_told_of_elsewhere(monkeypatch):
    def broken():
        raise ValueError("cannot be used")

    assert not problems(monkeypatch, [], broken)
    assert not problems(monkeypatch, [], lambda: None)
