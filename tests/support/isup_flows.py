"""Calls of ISUP, plain ones and others, as events: seconds since the last, forward, circuit, message, bundled."""

from hypothesis import strategies as st


def iam(called="4989270", calling="4930110"):
    def number(head, digits):
        odd = len(digits) % 2
        swapped = bytes(int(pair[::-1], 16) for pair in map("".join, zip(*[iter(digits + "0" * odd)] * 2, strict=True)))
        return bytes((len(swapped) + 2, head | 0x80 * odd)) + b"\x10" + swapped

    first, second = number(4, called), number(4, calling)
    return bytes.fromhex("01 00 6000 0a 03 02") + bytes((1 + len(first),)) + first + b"\x0a" + second + b"\0"


BODIES = {
    "IAM": iam(),
    "IAM2": iam("498911", "12"),
    "IAM3": bytes.fromhex("01006000"),  # cut
    "ACM": bytes.fromhex("06 1200 00"),
    "ACM-free": bytes.fromhex("06 1604 00"),
    "CPG": bytes.fromhex("2c 02 00"),
    "CPG-alerting": bytes.fromhex("2c 01 00"),
    "ANM": bytes.fromhex("09 00"),
    "CON": bytes.fromhex("07 1404 00"),
    "REL": bytes.fromhex("0c 02 00 02 82 90"),
    "REL-19": bytes.fromhex("0c 02 00 02 84 93"),
    "REL-42": bytes.fromhex("0c 02 00 02 82 aa"),
    "REL-102": bytes.fromhex("0c 02 00 02 82 e6"),
    "REL-bad": bytes.fromhex("0c 02 00 00"),
    "RLC": bytes.fromhex("10 00"),
    "SAM": bytes.fromhex("02 02 00 03 80 21 43"),
    "SUS": bytes.fromhex("0d 00 00"),
    "BLO": bytes.fromhex("13"),
    "RSC": bytes.fromhex("12"),
    "GRS": bytes.fromhex("17 01 01 01"),
    "0xF0": bytes.fromhex("f0"),
}

CALL = ["IAM", "ACM", "ANM", "REL", "RLC"]
STEPS = (0.01, 0.2, 0.6, 1.5, 25.0, 61.0, 120.0)


def event(names):
    return st.tuples(st.sampled_from(STEPS), st.booleans(), st.integers(1, 3), st.sampled_from(names), st.booleans())


def call(cic, forward, names, step):
    return [(step, forward == (name[:3] in ("IAM", "REL")), cic, name, False) for name in names]


calls = st.builds(
    call,
    st.integers(1, 3),
    st.booleans(),
    st.sampled_from(
        [
            CALL,
            ["IAM", "ACM-free", "ANM", "REL", "RLC"],
            ["IAM", "ACM", "CPG-alerting", "CPG", "ANM", "REL", "RLC"],
            ["IAM2", "CON", "REL", "RLC"],
            ["IAM", "REL-42", "RLC"],
            ["IAM", "ACM", "REL-19", "RLC"],
            ["IAM", "ACM", "REL-102", "RLC"],
            ["IAM2", "REL"],
            CALL[:3],
        ]
    ),
    st.sampled_from(STEPS),
)
