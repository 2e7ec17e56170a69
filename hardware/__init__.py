"""Spans: E1 lines in software and their transports, behind one contract (see tandem.hardware.span)."""
