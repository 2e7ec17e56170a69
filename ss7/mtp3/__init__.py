"""MTP level 3, the signalling network functions of ITU-T Q.704 and Q.707, as a pure machine."""
