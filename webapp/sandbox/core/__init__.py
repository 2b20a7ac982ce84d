"""What every played provider shares: store, faults, time."""
