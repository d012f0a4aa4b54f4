"""Run each scenario in a real Chromium and in ours, and compare the two traces.

``pytest tests/browser`` compares ours with what was recorded from Chromium, without a browser.
``nox -s browser`` starts a Chromium too, and compares recording, Chromium and ours. ``python -m
tests.browser record`` makes a new recording. ``python -m tests.browser figures`` prints the
figures, and ``faults`` seeds mistakes and prints which scenarios find them.
"""
