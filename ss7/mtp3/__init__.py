"""MTP level 3, Q.704 and Q.707: one machine per signalling point, `SignallingPoint`."""
