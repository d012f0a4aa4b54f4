"""The opening handshake as bytes, with request, response, extensions and CONNECT.

h11 is imported by the first handshake: it would take a fifth of the package's import time.
"""
