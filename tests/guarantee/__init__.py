"""Tests of the closing guarantee (README, "The guarantee"), by rows, sweeps, a model and faults."""
