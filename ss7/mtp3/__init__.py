"""MTP level 3, Q.704 and Q.707: one machine per signalling point, `SignallingPoint`."""

from tandem.ss7.mtp3.configuration import Configuration as Configuration
from tandem.ss7.mtp3.configuration import LinkConfiguration as LinkConfiguration
from tandem.ss7.mtp3.configuration import LinksetConfiguration as LinksetConfiguration
from tandem.ss7.mtp3.configuration import Route as Route
from tandem.ss7.mtp3.label import Variant as Variant
from tandem.ss7.mtp3.msu import decode_msu as decode_msu
from tandem.ss7.mtp3.node import SignallingPoint as SignallingPoint
