"""`python -m tandem.gateway` is the command `tandem`."""

from tandem.gateway.cli import main

main(prog_name="tandem")
