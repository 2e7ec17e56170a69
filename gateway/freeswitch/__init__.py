"""Turns a FreeSWITCH configuration (XML) into Tandem's: what can be carried over, and a list of what cannot.

`tree.py` reads, `sip.py` takes gateways, profiles and users, `dialplan.py` the extensions, `actions.py` their actions,
`command.py` writes TOML. Nothing in the files is executed, and nothing outside their folder is read.
"""
