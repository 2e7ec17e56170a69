"""SIP over UDP: RFC 3261 transactions and dialogs as pure machines, SDP, and the socket they talk through."""
