"""From a URL to a stream on which the server said 101: TCP, TLS, proxies, cookies."""
