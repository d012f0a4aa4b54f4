"""The opening handshake as bytes: request, response, extensions, CONNECT.

h11 is imported by the first handshake: it would take a fifth of the package's import time.
"""
