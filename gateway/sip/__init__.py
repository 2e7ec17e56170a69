"""SIP on sans-I/O transaction and dialog machines (RFC 3261); only transport.py opens sockets."""
