"""Applications as the peer of a call, dial strings, and the switchboard that an operator's commands go to."""
