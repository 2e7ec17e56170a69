"""`tandem bench`: figures measured on this machine, printed as text or JSON."""
