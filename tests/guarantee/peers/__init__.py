"""The guarantee's rows with other clients for trio beside ours, as ``python -m
guarantee.peers``."""
