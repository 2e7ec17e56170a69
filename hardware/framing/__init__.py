"""Line framing as pure functions on blocks of octets: E1 (G.704) and HDLC."""
