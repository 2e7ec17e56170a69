"""The trace analyser: which calls of a capture failed, why, and whose fault it was.

Captures (`files`) give packets; encapsulations (`dissect`) give signalling messages and RTP; trackers (`calls`) give
call attempts; `legs` joins those that are one call; `findings` says what broke; `report` shows it.
"""
