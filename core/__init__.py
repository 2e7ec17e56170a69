"""What every protocol shares: machine contract, timers, errors, digits, causes."""
