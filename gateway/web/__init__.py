"""What a browser and a monitoring system get of a gateway: the page, metrics, alarms, health."""
