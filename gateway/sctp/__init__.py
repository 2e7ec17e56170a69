"""What carries SIGTRAN messages: SCTP over UDP or raw IP in user space, SCTP of the kernel, or TCP, all alike.

`transport.Transport` is the contract, `registry.open_transport` makes one by its kind.
"""
