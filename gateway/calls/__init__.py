"""The neutral call: two half-calls, routing, interworking tables and accounting, knowing no protocol."""
