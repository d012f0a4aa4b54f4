"""The closing guarantee (README, "The guarantee"): proven by rows, sweeps, a model and faults."""
