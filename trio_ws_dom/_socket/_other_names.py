"""What other libraries call an option, for the error about an unknown one.

Loaded only for that error. A value is our names, of which those that the entry point takes are
shown, or a sentence where there is no such option.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from ._options import ConnectOptions

if TYPE_CHECKING:
    from collections.abc import Collection

_BUFFERS: Final = "buffers have fixed bounds here, see docs/security.md"
_BY_STREAM: Final = ("stream",)
_LOOP: Final = "it is an option of reconnecting_websocket"
_REDIRECTS: Final = "redirects are not followed, the error says where one points to"
_URL: Final = "it is part of the argument url"
_HOST: Final = f"{_URL}; connect_to is where to connect instead"

# by their documentation: websockets, aiohttp, trio-websocket, websocket-client, httpx-ws, picows
OTHER_NAMES: Final[dict[str, tuple[str, ...] | str]] = {
    # the handshake
    "additional_headers": ("headers",),
    "extra_headers": ("headers",),
    "header": ("headers",),
    "user_agent_header": ("headers",),
    "user_agent": ("headers",),
    "cookie": ("headers", "cookies"),
    "auth": "put user and password into the URL, or an Authorization header into headers",
    "protocol": "use the argument protocols",
    "subprotocol": "use the argument protocols",
    "subprotocols": "use the argument protocols",
    "suppress_host": "every request has a Host, headers may set another",
    "suppress_origin": "no Origin is sent unless the option origin is given",
    "method": "the handshake is always a GET",
    "params": "put the query into the URL",
    "uri": _URL,
    "host": _HOST,
    "port": _HOST,
    "path": _URL,
    "resource": _URL,
    "use_ssl": "use the scheme wss: in the URL",
    "redirect_limit": _REDIRECTS,
    "max_redirects": _REDIRECTS,
    "follow_redirects": _REDIRECTS,
    # compression and extensions
    "compress": ("compression",),
    "permessage_deflate": ("compression",),
    "perMessageDeflate": ("compression",),
    "extensions": ("compression",),
    # timeouts
    "timeout": ("open_timeout", "close_timeout"),
    "connect_timeout": ("open_timeout",),
    "conn_timeout": ("open_timeout",),
    "handshake_timeout": ("open_timeout",),
    "websocket_handshake_timeout": ("open_timeout",),
    "disconnect_timeout": ("close_timeout",),
    "receive_timeout": "use trio.fail_after() around receive(), or ping_interval",
    # keepalive
    "heartbeat": ("ping_interval",),
    "keepalive_ping_interval_seconds": ("ping_interval",),
    "auto_ping_idle_timeout": ("ping_interval",),
    "enable_auto_ping": ("ping_interval",),
    "auto_ping_strategy": ("ping_interval",),
    "keepalive_ping_timeout_seconds": ("ping_timeout",),
    "auto_ping_reply_timeout": ("ping_timeout",),
    "ping_payload": ("ping_interval",),
    "autoping": "Pings are always answered",
    "enable_auto_pong": "Pings are always answered",
    "on_ping": "Pings are always answered",
    "on_pong": "use ping()",
    "autoclose": "a Close is always answered",
    # limits
    "max_size": ("max_message_size",),
    "max_msg_size": ("max_message_size",),
    "max_message_size_bytes": ("max_message_size",),
    "max_frame_size": ("max_message_size",),
    "max_payload": ("max_message_size",),
    "maxPayload": ("max_message_size",),
    "write_limit": ("max_buffered_amount",),
    "max_queue": _BUFFERS,
    "queue_size": _BUFFERS,
    "message_queue_size": _BUFFERS,
    "read_limit": _BUFFERS,
    "receive_buffer_size": _BUFFERS,
    "read_buffer_init_size": _BUFFERS,
    # TLS
    "ssl": ("ssl_context",),
    "sslopt": ("ssl_context",),
    "verify": ("ssl_context",),
    "verify_ssl": ("ssl_context",),
    "ssl_verify": ("ssl_context",),
    "insecure": ("ssl_context",),
    "rejectUnauthorized": ("ssl_context",),
    "cert": ("ssl_context",),
    "fingerprint": ("ssl_context",),
    # proxies
    "http_proxy_host": ("proxy",),
    "http_proxy_port": ("proxy",),
    "http_proxy_auth": ("proxy",),
    "http_proxy_timeout": ("open_timeout",),
    "http_no_proxy": ("proxy",),
    "proxy_type": ("proxy",),
    "proxy_auth": ("proxy",),
    "proxy_headers": ("proxy",),
    "proxy_ssl": ("proxy_ssl_context",),
    "proxy_server_hostname": ("proxy_ssl_context", "stream"),
    "trust_env": ("proxy",),
    # another way to connect
    "sock": _BY_STREAM,
    "socket": _BY_STREAM,
    "socket_factory": _BY_STREAM,
    "unix": _BY_STREAM,
    "uds": _BY_STREAM,
    "unix_socket": _BY_STREAM,
    "sockopt": _BY_STREAM,
    "create_connection": _BY_STREAM,
    "transport": _BY_STREAM,
    "client": _BY_STREAM,
    "connection": _BY_STREAM,
    "session": _BY_STREAM,
    "local_addr": ("local_address",),
    "source_address": ("local_address",),
    # options of our own in the wrong place
    "nursery": "only the constructors take one, everything else has a nursery of its own",
    "signal": "only streams take one",
    "is_transient": _LOOP,
    "on_retry": _LOOP,
    "initial_delay": _LOOP,
    "max_delay": _LOOP,
    "stable_after": _LOOP,
    # what a program does otherwise here
    "binary_type": "set the attribute binaryType",
    "on_open": "set the attribute onopen",
    "on_message": "set the attribute onmessage",
    "on_data": "set the attribute onmessage",
    "on_cont_message": "use open_websocket_stream() and receive_pieces()",
    "fire_cont_frame": "use open_websocket_stream() and receive_pieces()",
    "on_error": "set the attribute onerror",
    "on_close": "set the attribute onclose",
    "ws_listener_factory": "use addEventListener()",
    "disconnect_on_exception": "a listener's exception always closes the socket",
    "decode_text": "text is str, binary is bytes",
    "skip_utf8_validation": "text is always checked",
    "logger": 'use logging.getLogger("trio_ws_dom")',
    "logger_name": 'use logging.getLogger("trio_ws_dom")',
    "process_exception": "use reconnecting_websocket(is_transient=...)",
    "reconnect": "use reconnecting_websocket()",
    "on_reconnect": "use reconnecting_websocket(on_retry=...)",
    "reconnect_delays": "use reconnecting_websocket(initial_delay=..., max_delay=...)",
    "session_class": "there is one class, WebSocket",
    "enable_multithread": "use trio.from_thread.run_sync() to call methods from other threads",
    "loop": "there is no event loop to choose, trio's run is the one around",
    "use_aiofastnet": "the network is trio's",
}


def hint(name: str, known: Collection[str]) -> str:
    """Return what to do about an option that is not known here.

    Args:
      name: the unknown option's.
      known: the options of this entry point.
    """
    if name in ConnectOptions.__annotations__:
        return "only a client takes it"
    other = OTHER_NAMES.get(name, ())
    if isinstance(other, str):
        return other
    ours = [option for option in other if option in known]
    if ours:
        return f"use {' or '.join(ours)}"
    nearest = get_close_matches(name, known, n=1)
    if nearest:
        return f"did you mean {nearest[0]}?"
    return f"the options are {', '.join(sorted(known))}"
