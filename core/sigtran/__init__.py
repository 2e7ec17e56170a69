"""What the SIGTRAN user adaptation layers share: common header, parameters, ASPs, application servers, ERR and NTFY.

M3UA, M2UA and M2PA (`ss7/sigtran`) and IUA (`isdn/iua`) are made of it; `stream.py` cuts TCP into messages.
"""
