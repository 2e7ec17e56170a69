"""A second SIP engine: PJSIP (pjsua2) in a process of its own, with calls and RTP of its own."""
