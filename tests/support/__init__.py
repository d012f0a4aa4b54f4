"""What tests of several folders share, mostly the other end of a connection."""
