"""The texts of --help."""

from __future__ import annotations

from typing import Final

USAGE: Final = """\
trio-ws-dom [options] URL
       trio-ws-dom [options] demo
       trio-ws-dom echo [--host ADDRESS] [--port PORT]"""

DESCRIPTION: Final = """\
Talk to a WebSocket server: each line that you type is sent, and what the
server sends is shown.

"demo" instead of a URL is a chat that runs in this program: a room with a bot.
"echo" runs a server on this machine that sends each message back;
trio-ws-dom echo --help says more.
"""

MESSAGES: Final = """\
With one or more of the first three, which are sent in order, no lines are
read from stdin.
"""

EPILOG: Final = """\
at a terminal:
  A line that begins with / is a command, and /help lists them. //text sends
  /text. Ctrl-D closes with 1000, Ctrl-C with 1001; a second Ctrl-C resets the
  connection.

in a pipe:
  Each line of stdin is sent as a text message, and each message is written to
  stdout as a line, a binary one in hexadecimal. When stdin has ended and no
  message came for --wait seconds, the connection is closed with 1000.

exit status:
  0  closed cleanly, with code 1000, 1001 or none, or with the code of /close
  1  lost, or closed uncleanly; or a file, stdin or stdout failed
  2  wrong arguments
  3  not opened: not reached, or refused
  4  closed cleanly by the server, with another code
  130, 143, 129  Ctrl-C, or the signal TERM or HUP, after the closing handshake
"""

ECHO_USAGE: Final = "trio-ws-dom echo [--host ADDRESS] [--port PORT]"

ECHO_DESCRIPTION: Final = """\
Run a WebSocket server on this machine that sends each message back, to try
clients with. It writes its URL to stdout, and to stderr a line for each client
that comes or leaves. Ctrl-C stops it.

The path of a client's URL may ask for something else:
  /close/CODE/REASON  close at once, with a code of 1000 or 3000 to 4999 and,
                      if there is one, a reason
  /refuse/STATUS      refuse the handshake with an HTTP status, 400 to 599
  /drop               end TCP at once, without a closing handshake
"""
