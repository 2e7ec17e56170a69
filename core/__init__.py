"""What every protocol shares: machine contract, timers, bounded reader and writer, errors, digits, causes."""
