"""ITU-T Q.921: the data link layer of the D channel (LAPD)."""
