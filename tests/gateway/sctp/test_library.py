"""The binding of libusrsctp: sizes as usrsctp.h has them, and what is said when it is missing."""

import ctypes

import pytest
from support.associations import needs_usrsctp

from tandem.core.errors import ConfigurationError
from tandem.gateway.sctp import library as lib


def test_sizes_of_structures():
    assert {cls.__name__: ctypes.sizeof(cls) for cls in (lib.ConnAddress, lib.SendInfo, lib.ReceiveInfo)} == {
        "ConnAddress": 16,
        "SendInfo": 16,
        "ReceiveInfo": 28,
    }
    assert ctypes.sizeof(lib.AssociationChange) == 20
    assert lib.PathParameters.association.offset == 128


@needs_usrsctp
def test_the_library_is_loaded_once():
    assert lib.load() is lib.load()


def test_a_missing_library_is_named(monkeypatch):
    def missing(name, **settings):
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(ConfigurationError, match="apt install libusrsctp2"):
        lib.load.__wrapped__()


def test_an_old_library_is_told(monkeypatch):
    monkeypatch.setattr(ctypes, "CDLL", lambda name, **settings: object())
    with pytest.raises(ConfigurationError, match="too old"):
        lib.load.__wrapped__()
