"""The browser as judge: each scenario is run by a real Chromium and by us, and the two traces
must be equal.

`pytest tests/browser` compares ours with what was recorded from Chromium (no browser needed).
`nox -s browser` starts a Chromium too, and compares recording, Chromium and ours.
`python -m tests.browser record` makes the recording anew; `python -m tests.browser figures`
prints the figures, `faults` seeds mistakes and tells which scenarios find them.
"""
