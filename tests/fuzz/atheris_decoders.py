#!/usr/bin/env python3
"""Coverage-guided fuzzing of one decoder, for longer runs than `fuzz_decoders.py`.

    python tests/fuzz/atheris_decoders.py NAME [options of libFuzzer, as -max_total_time=600 or -runs=1000000] [FOLDER]

NAME is a target of `fuzz_decoders.py`. FOLDER keeps the inputs that found something new; well-formed messages are put
in first when it is empty, and without one a temporary folder serves. Needs atheris: `pip install --group fuzz`.
"""

import sys
import tempfile
from pathlib import Path

import atheris

sys.path.insert(0, str(Path(__file__).resolve().parent))
with atheris.instrument_imports(include=["tandem"]):
    from fuzz_decoders import TARGETS, check

NAMES = {target.name: target for target in TARGETS}


def main() -> None:
    """Hand over to libFuzzer, which ends the process."""
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        sys.exit(f"usage: {sys.argv[0]} NAME [options] [FOLDER]\nNAME is one of {', '.join(NAMES)}")
    target, arguments = NAMES[sys.argv[1]], sys.argv[2:]
    folders = [argument for argument in arguments if not argument.startswith("-")]
    if not folders:
        folders = [tempfile.mkdtemp(prefix="fuzz-")]
        arguments += folders
    corpus = Path(folders[0])
    corpus.mkdir(parents=True, exist_ok=True)
    if not any(corpus.iterdir()):
        for number, seed in enumerate(target.seeds):
            (corpus / f"seed{number}").write_bytes(seed)

    def one(octets: bytes) -> None:
        check(target, octets)

    atheris.Setup([sys.argv[0], *arguments], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
