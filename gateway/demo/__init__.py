"""`tandem demo`: two gateways, one E1 between them, one call each way to see and hear."""
