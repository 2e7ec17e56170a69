"""MTP level 2, the signalling link of ITU-T Q.703, as a pure machine."""
