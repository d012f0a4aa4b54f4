"""A connection's life on trio, from dialling to the end of TCP."""
