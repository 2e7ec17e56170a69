"""SIGTRAN: SS7 over IP, RFC 4666 (M3UA), RFC 4165 (M2PA) and RFC 3331 (M2UA), as pure machines.

M3UA stands in the place of MTP level 3 under a user part; M2PA and M2UA in the place of level 2 under MTP level 3.
What carries the messages (SCTP, or TCP) is the caller's business.
"""
