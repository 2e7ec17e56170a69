"""Puts the stand-in for DAHDI in place of the kernel in every Python that starts with it on its path."""

import os

if path := os.environ.get("DAHDI_STAND_IN"):
    from support.dahdi_client import Client

    from tandem.hardware import dahdi_calls

    class _Later:
        """Connects when it is first used: most processes never do."""

        client = None

        def __getattr__(self, name):
            if self.client is None:
                self.client = Client(path)
            return getattr(self.client, name)

    dahdi_calls.KERNEL = _Later()
