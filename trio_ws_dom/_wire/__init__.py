"""The wire, sans I/O, with RFC 6455 and RFC 7692 as bytes in and values out.

Nothing in here knows trio, a clock, a socket or a source of randomness, and any chunking of the
same bytes has the same result.
"""
