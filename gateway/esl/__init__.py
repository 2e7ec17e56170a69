"""The event socket: FreeSWITCH's wire protocol for commands and events (ESL), so that its clients connect unchanged.

`session.py` is the machine, without I/O; `server.py` is its sockets.
"""
