"""The guarantee's rows, other clients for trio beside ours: ``python -m guarantee.peers``."""
