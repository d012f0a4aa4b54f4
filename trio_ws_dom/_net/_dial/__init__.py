"""From a URL to a stream on which the server said 101, by TCP, TLS and proxies."""
