"""The media process: spans and RTP on one 20 ms tick, commanded over a socket pair."""
