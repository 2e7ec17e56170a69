"""The web part of gateway A of a `DeskBench`: alarms, metrics, view and application, under the virtual clock."""

from __future__ import annotations

import httpx
from support.operator_desk import WALL, DeskBench

from tandem.gateway.configuration.web import Web
from tandem.gateway.web.alarms import AlarmList
from tandem.gateway.web.app import Sources, application
from tandem.gateway.web.metrics import Metrics
from tandem.gateway.web.view import View


class WebBench(DeskBench):
    """Two gateways in service, and the web part of A."""

    def __init__(self, **options):
        super().__init__(**options)
        node = self.nodes["A"]
        self.alarms = AlarmList(node, WALL)
        self.metrics = Metrics(node, self.alarms, "1.2.3", lambda: self.now - self.began)
        self.view = View(node, self.alarms)
        self.healthy = True

    @property
    def wall(self):
        return WALL + self.now - self.began

    def look(self):
        """Lines of the alarms."""
        return [f"{line.level} {line.subject}: {line.text}" for line in self.alarms.look(self.wall)]

    def client(self, **keys):
        """A client of the application with this `[web]`, without sockets."""
        sources = Sources(
            self.desk,
            self.metrics,
            self.alarms,
            self.view,
            lambda: (self.now, self.wall),
            lambda: self.healthy,
            lambda: self._drain("A"),
        )
        transport = httpx.ASGITransport(application(Web(**keys), sources))
        return httpx.AsyncClient(transport=transport, base_url="http://gateway")

    def values(self):
        """The metrics by name with labels."""
        lines = self.metrics.text().decode().splitlines()
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
