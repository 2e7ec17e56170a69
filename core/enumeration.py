"""Enumerations that serve as keys of tables."""

from __future__ import annotations

from enum import Enum


class Symbol(Enum):
    """An Enum whose members hash by identity.

    Members are singletons, so that equal means identical; the hash of Enum itself is Python code that hashes the name,
    and the state tables and timer tables of the machines look up several of them for each message.
    """

    __hash__ = object.__hash__
