"""URLs, compared with other implementations of the URL Standard.

``pytest tests/urls`` compares 20,000 random URLs with ada-url, and all of web-platform-tests' URLs
where the environment variable URL_TESTS names the archive that has them. ``nox -s urls`` prepares
both, and runs ``python -m urls``, which compares any number, also with a Chromium if there is one.
"""
