"""Generated scenarios, in Chromium and in ours, for a given time.

``python -m browser random [--seconds N]`` (from tests/; 300 seconds by default) generates programs
and servers with hypothesis, compares the traces, and shrinks what differs to the shortest scenario
that still does. It prints what it found as code for a scenario, and exits with 1.

Each generated scenario ends, and has one trace, whatever the timing. Server and program go in
rounds. The server writes some frames and, last, the text "go-1". A listener does that round's
operations and sends "ok-1". The server reads all that it should receive, then goes on. The last
round is one of the ways to end, by the program, the server, both at once, a broken frame, or TCP.

Two more things are normalised than in ``compare.py``:

- ``bufferedAmount`` falls when the network has taken the bytes, so only the amount by which a
  send() raises it is compared;
- whether a pong is sent before or after a message depends on the network, so pongs come last.

Of the departures, ``ErrorEvent``s, the flags of a dispatch, and 1007 where Chromium's message is
about a bad payload, are applied. The triggers of the others are not generated: close() with a
reason and no code, close codes that may not be sent, bytes after a Close, codes with a fraction
from .5 on (Chromium truncates, Web IDL rounds), capturing listeners, listeners that throw, interim
responses and the like.
"""
