"""Signalling System No. 7: MTP levels 2 and 3 and the user parts, as pure machines."""
