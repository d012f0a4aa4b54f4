"""SIGINT at random moments, hundreds of times, as ``python -m guarantee.signal_storm``."""
