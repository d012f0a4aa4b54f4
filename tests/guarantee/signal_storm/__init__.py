"""SIGINT at random moments, hundreds of times: ``python -m guarantee.signal_storm``."""
