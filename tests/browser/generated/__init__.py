"""Made-up scenarios, in Chromium and in ours, until the time is over.

`python -m browser random [--seconds N]` (from tests/; 300 seconds if not told) makes up programs
and servers with hypothesis, compares the traces, and shrinks what differs to the shortest scenario
that still does. It prints what it found as code for a scenario, and ends with 1.

Each made-up scenario ends, and has one trace, whatever the timing. Server and program go in rounds:
the server writes some frames and, last, the text "go-1"; a listener does that round's operations
and sends "ok-1"; the server reads all that it has been promised, then goes on. The last round is
one of the ways to end: by the program, the server, both at once, a broken frame, or by TCP.

Levelled besides what `compare.py` levels:

- `bufferedAmount` falls when the network has taken the bytes: what stays of it is by how much a
  send() raised it;
- whether a pong leaves before or after a message is the network's business: pongs come last.

The departures: `ErrorEvent`s, the flags of a dispatch, and 1007 where Chromium's words tell of a
bad payload, are applied. The triggers of the others are not made up: close() with a reason and no
code, close codes that may not be sent, bytes after a Close, codes with a fraction from .5 on
(Chromium cuts, Web IDL rounds), capturing listeners, listeners that throw, interim responses and
the like.
"""
