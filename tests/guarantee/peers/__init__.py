"""The guarantee's rows against other clients for trio, side by side: ``python -m guarantee.peers``."""
