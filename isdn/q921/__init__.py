"""ITU-T Q.921 (09/97): the data link layer of the D channel (LAPD), of a primary-rate line.

frames: the codec; link: DataLink, one connection; states, connection, window: what it is made of.
"""

from tandem.isdn.q921.configuration import LinkConfiguration
from tandem.isdn.q921.link import DataLink

__all__ = ["DataLink", "LinkConfiguration"]
