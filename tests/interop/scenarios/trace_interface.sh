# Listen to the loopback interface while calls go by on it; run in a network namespace of its own.
set -e
python=$1
ip link set lo up
over=$(mktemp -u)
{ "$python" -m tandem.gateway trace --interface lo --seconds 5 --jsonl; touch "$over"; } &
"$python" - "$over" <<'CALLS'
import os, socket, sys, time
from contextlib import ExitStack

def text(first, number, method, tag=""):
    return (f"{first}\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{number}{method}\r\nMax-Forwards: 70\r\n"
            f"From: <sip:111@a>;tag=1\r\nTo: <sip:222@b>{tag}\r\nCall-ID: call-{number}\r\nCSeq: 1 {method}\r\n"
            "Content-Length: 0\r\n\r\n").encode()

with ExitStack() as stack:
    caller, called = (stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) for _ in range(2))
    caller.bind(("127.0.0.1", 5070)); called.bind(("127.0.0.1", 5060))
    # Whoever listens may take seconds to start: calls go on until it has ended.
    for number in range(240):
        if os.path.exists(sys.argv[1]):
            break
        caller.sendto(text("INVITE sip:222@b SIP/2.0", number, "INVITE"), ("127.0.0.1", 5060))
        called.sendto(text("SIP/2.0 486 Busy Here", number, "INVITE", ";tag=2"), ("127.0.0.1", 5070))
        caller.sendto(text("ACK sip:222@b SIP/2.0", number, "ACK", ";tag=2"), ("127.0.0.1", 5060))
        time.sleep(0.25)
CALLS
wait
rm "$over"
