"""Heads of HTTP/1.1 responses, found in what a server sends, and bounded."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, final

from ._response import HandshakeFailure, describe_status

if TYPE_CHECKING:
    import h11

MAX_RESPONSE_HEAD: Final = 64 * 1024
"""Bytes of status line and headers.

http.client allows 64 KiB for each line, Node.js 16 KiB for the head, Chromium 256 KiB.
"""

MAX_INFORMATIONAL: Final = 5
"""Responses with a status of 1xx before the answer. Go's net/http had this limit."""

_JUNK_SHOWN: Final = 32
"""Bytes that a message shows of another protocol's, unless a line ends before."""

_HTTP: Final = b"HTTP/"

_TLS_ALERT: Final = b"\x15"
"""The first byte of an alert, which a server sends that expects TLS (RFC 8446 section 5.1)."""

BLANK_LINE: Final = re.compile(rb"\n\r?\n")  # h11's idea of where a head ends


@final
class ResponseHeads:
    """The heads of a server's responses to one request, up to the one that answers it.

    Args:
      http: the connection, which has sent the request.
      expected: the status that was requested, for messages.
      tls_scheme: of URLs with TLS, for messages about a server that seems to expect it; empty: TLS
        is in use.

    Attributes:
      hint: that the server may expect TLS; empty: it cannot.
      rest: the bytes after the heads that were returned.
    """

    def __init__(self, http: h11.Connection, expected: str, tls_scheme: str = "") -> None:
        self.hint = f"; a server that expects TLS has {tls_scheme} URLs" if tls_scheme else ""
        self.rest = bytearray()
        self._http = http
        self._expected = expected
        self._searched = 0  # bytes of the rest in which no blank line begins
        self._received = 0
        self._informational = 0

    @property
    def hint_at_silence(self) -> str:
        """The hint, if nothing was received.

        It is empty otherwise.
        """
        return "" if self._received else self.hint

    def receive(self, data: bytes) -> h11.Response | h11.InformationalResponse | None:
        """Take what the server sent, or ``b""`` when it ended the connection.

        Returns:
          the answer's head, a final one or a 101. None: more is needed.

        Raises:
          HandshakeFailure: it is not HTTP, or exceeds a limit.
        """
        from h11 import Response

        self._received += len(data)
        self.rest += data
        while (head := self._next_head(ended=not data)) is not None:
            response = self._parse(head)
            if isinstance(response, Response) or response.status_code == 101:
                return response
            self._skip(response)
        return None

    def _next_head(self, *, ended: bool) -> bytes | None:
        """Take the next status line and headers, once they are whole.

        They are cut out here, rather than by h11, so that limits and errors do not depend on how
        the bytes were chunked.
        """
        self._check_start()
        blank_line = BLANK_LINE.search(self.rest, self._searched)
        end = len(self.rest) if blank_line is None else blank_line.end()
        if end > MAX_RESPONSE_HEAD:
            raise HandshakeFailure(
                f"expected a response with at most {MAX_RESPONSE_HEAD} bytes of headers, got more"
            )
        if blank_line is None:
            if ended:
                raise HandshakeFailure(
                    "expected an HTTP response, got the end of the connection after"
                    f" {self._received} bytes{self.hint_at_silence}"
                )
            self._searched = max(0, end - 2)
            return None
        head = bytes(self.rest[:end])
        del self.rest[:end]
        self._searched = 0
        return head

    def _parse(self, head: bytes) -> h11.Response | h11.InformationalResponse:
        import h11

        self._http.receive_data(head)
        try:
            response: object = self._http.next_event()
        except h11.RemoteProtocolError as exc:
            response = str(exc).partition(": bytearray(")[0]
        if isinstance(response, str):  # raised here, as what h11's error quotes may be a cookie
            raise HandshakeFailure(f"malformed HTTP response: {response}")
        # h11 has one whole head
        assert isinstance(response, h11.Response | h11.InformationalResponse)
        return response

    def _skip(self, response: h11.InformationalResponse) -> None:
        """Skip a 1xx.

        Any number may precede the answer (RFC 9110 section 15.2), within reason.
        """
        self._informational += 1
        if self._informational > MAX_INFORMATIONAL:
            raise HandshakeFailure(
                f"expected status {self._expected} after at most {MAX_INFORMATIONAL} others of"
                f" 1xx, got one more: {describe_status(response)}"
            )

    def _check_start(self) -> None:
        """Find another protocol by its first byte. The message shows what arrived with it."""
        head = self.rest
        if head.startswith(_HTTP[: len(head)]):
            return
        if head.startswith(_TLS_ALERT) and self.hint:
            raise HandshakeFailure(f"expected an HTTP response, got a TLS alert{self.hint}")
        end = head.find(b"\n", 0, _JUNK_SHOWN) + 1 or _JUNK_SHOWN
        raise HandshakeFailure(f"expected an HTTP response, got {bytes(head[:end])!r}")
