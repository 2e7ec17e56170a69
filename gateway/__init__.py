"""The service: clock, sockets, calls, routing, interworking, SIP, media plane and command line."""
