"""MTP level 2, the signalling link of ITU-T Q.703, as a pure machine.

Level 3 talks to `link.SignallingLink` and gets the classes of `primitives` back.
"""
