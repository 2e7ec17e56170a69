from __future__ import annotations

import os

import pytest

from tandem.gateway.media.priority import raise_priority


def refuse(*_: object) -> None:
    raise PermissionError


def test_the_best_allowed_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(os, "sched_setscheduler", lambda *_: asked.append("real-time"))
    monkeypatch.setattr(os, "setpriority", lambda *_: asked.append("nice"))
    assert raise_priority() == "real-time"
    monkeypatch.setattr(os, "sched_setscheduler", refuse)
    assert raise_priority() == "nice -10"
    monkeypatch.setattr(os, "setpriority", refuse)
    assert raise_priority() == "ordinary"
    assert asked == ["real-time", "nice"]
