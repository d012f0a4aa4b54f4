"""The neutral server, with blocking sockets, a thread for each connection, and frames built before.

It knows the work from the request target, so it only counts frames of one size instead of parsing
them. ``python -m bench.server CORE`` prints its port and runs until its standard input ends.
"""

from __future__ import annotations

import functools
import socket
import sys
import threading
from contextlib import suppress
from selectors import EVENT_READ, DefaultSelector
from typing import cast

from support.attacks import attacks

from bench.affinity import many_descriptors, pin
from bench.frames import (
    CLOSE,
    CLOSE_OPCODE,
    FIN,
    PING_OPCODE,
    PONG_OPCODE,
    RSV1,
    accept_key,
    deflated,
    header,
    short_frames,
    whole_frames,
    xor,
)
from bench.work import Work

READ_BYTES = 256 * 1024
WRITE_BYTES = 256 * 1024


def main() -> None:
    pin(int(sys.argv[1]))
    many_descriptors()
    threading.stack_size(256 * 1024)  # one thread for each of thousands of connections
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    threading.Thread(target=accept_all, args=(listener,), daemon=True).start()
    threading.Thread(target=echo_all, daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    sys.stdin.read()


def accept_all(listener: socket.socket) -> None:
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


def serve(connection: socket.socket) -> None:
    with connection:
        try:
            work, rest = shake_hands(connection)
            DOES[work.kind](connection, work, rest)
        except OSError:
            pass  # a client that closes without the closing handshake loses nothing here


def shake_hands(connection: socket.socket) -> tuple[Work, bytes]:
    """Answer the opening handshake, and return the work and the bytes that followed."""
    request = b""
    while b"\r\n\r\n" not in request:
        request += received(connection)
    head, _, rest = request.partition(b"\r\n\r\n")
    start, *lines = head.split(b"\r\n")
    work = Work.from_target(start.split()[1].decode())
    server_frames(work.message_shape)  # made before the client's clock runs
    fields = {name.lower(): value.strip() for name, _, value in (x.partition(b":") for x in lines)}
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: "
        + accept_key(fields[b"sec-websocket-key"])
        + b"\r\n"
        + extensions(work)
        + b"\r\n"
    )
    return work, rest


def extensions(work: Work) -> bytes:
    """Return the header that agrees on compression, if the work needs any."""
    if work.kind == "attack":
        takeover = tuple(attacks().values())[work.attack].takeover
    elif work.compressed:
        takeover = True
    else:
        return b""
    end = b"" if takeover else b"; server_no_context_takeover"
    return b"Sec-WebSocket-Extensions: permessage-deflate" + end + b"\r\n"


def flood(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Send the messages, then close."""
    frames = server_frames(work.message_shape)
    rounds, more = divmod(work.share.count, len(frames))
    one = b"".join(frames)
    several = max(1, WRITE_BYTES // len(one))
    chunk = one * several
    for _ in range(rounds // several):
        connection.sendall(chunk)
    connection.sendall(one * (rounds % several) + b"".join(frames[:more]) + CLOSE)
    drain(connection)


def attack(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Send this many bytes of the attack, and end."""
    begins, repeats, _ = tuple(attacks().values())[work.attack]
    chunk = repeats * (WRITE_BYTES // len(repeats) + 1)
    data, missing = begins + chunk, work.count
    while missing > 0:
        connection.sendall(data[:missing])
        missing -= len(data)
        data = chunk
    drain(connection)


def flood_and_answer(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Flood, and between two writes answer the Pings that have come."""
    [frame] = server_frames(work.message_shape)
    several = max(1, WRITE_BYTES // len(frame))
    chunk = frame * several
    buffer = bytearray(rest)
    for _ in range(max(1, work.count // several)):
        connection.sendall(chunk)
        with suppress(BlockingIOError):
            buffer += connection.recv(READ_BYTES, socket.MSG_DONTWAIT)
        for opcode, payload in short_frames(buffer):
            if opcode == PING_OPCODE:
                connection.sendall(header(PONG_OPCODE, len(payload)) + payload)
    connection.sendall(CLOSE)
    drain(connection)


def swallow(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Count the messages by their bytes, send one after the last, then close."""
    if work.compressed:
        swallow_frames(connection, work, bytearray(rest))
    else:
        swallow_bytes(connection, work.count * client_frame_size(work) - len(rest))
    connection.sendall(server_frames(work.message_shape)[0] + CLOSE)
    drain(connection)


def swallow_bytes(connection: socket.socket, missing: int) -> None:
    buffer = bytearray(READ_BYTES)
    while missing > 0:
        got = connection.recv_into(buffer, min(missing, READ_BYTES))
        if not got:
            raise ConnectionError("the client left before its last message")
        missing -= got


def swallow_frames(connection: socket.socket, work: Work, buffer: bytearray) -> None:
    missing = work.count - whole_frames(buffer)
    while missing:
        buffer += received(connection)
        missing -= whole_frames(buffer)


class Echo:
    """The answers to what is in ``buffer``, which are each message, unmasked, and the Close."""

    def __init__(self, work: Work, rest: bytes) -> None:
        self.reply = header(work.opcode, work.size)
        self.masked = header(work.opcode, work.size, masked=True)
        self.size = client_frame_size(work)
        self.buffer = bytearray(rest)
        self.closed = False

    def answers(self) -> bytes:
        buffer, start, size = self.buffer, len(self.masked), self.size
        frames: list[bytes] = []
        while len(buffer) >= size and buffer.startswith(self.masked):
            mask, payload = buffer[start : start + 4], buffer[start + 4 : size]
            frames += [self.reply, xor(payload, mask)]
            del buffer[:size]
        if buffer and buffer[0] & 0x0F == CLOSE_OPCODE:
            frames.append(CLOSE)
            self.closed = True
        return b"".join(frames)


def echo(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Send each message back until the client's Close."""
    state = Echo(work, rest)
    while not state.closed:
        connection.sendall(state.answers())
        if not state.closed:
            state.buffer += received(connection)
    drain(connection)


def echo_beside(connection: socket.socket, work: Work, rest: bytes) -> None:
    """Echo by one thread for all such connections, as thousands would wait for each other."""
    BUSY.register(socket.socket(fileno=connection.detach()), EVENT_READ, Echo(work, rest))


def echo_all() -> None:
    """Run that thread. The messages are so short that sending never waits."""
    while True:
        for key, _ in BUSY.select():
            connection, state = cast("socket.socket", key.fileobj), key.data
            try:
                data = connection.recv(READ_BYTES)
                if data and not state.closed:
                    state.buffer += data
                    connection.sendall(state.answers())
                    if state.closed:
                        connection.shutdown(socket.SHUT_WR)
            except OSError:
                data = b""
            if not data:
                BUSY.unregister(connection)
                connection.close()


BUSY = DefaultSelector()
DOES = {
    "receive": flood,
    "fan_in": flood,
    "turns": flood,
    "pings": flood_and_answer,
    "attack": attack,
    "send": swallow,
    "echo": echo,
    "cycle": echo,
    "idle": echo,
    "busy": echo_beside,
}


@functools.lru_cache(maxsize=64)
def server_frames(work: Work) -> list[bytes]:
    """Return the frames of each of the distinct messages."""
    payloads = [m.encode() if isinstance(m, str) else m for m in work.distinct]
    if work.compressed:
        return [
            header(work.opcode, len(data), bits=FIN | RSV1) + data for data in deflated(payloads)
        ]
    if work.fragment:
        return [fragments(work.opcode, data, work.fragment) for data in payloads]
    return [header(work.opcode, len(data)) + data for data in payloads]


def fragments(opcode: int, payload: bytes, size: int) -> bytes:
    """Return one message in frames of this many bytes (section 5.4)."""
    parts = [payload[start : start + size] for start in range(0, len(payload), size)]
    heads = [header(0, size, bits=0)] * len(parts)
    heads[0] = header(opcode, len(parts[0]), bits=0)
    heads[-1] = header(0 if len(parts) > 1 else opcode, len(parts[-1]))
    return b"".join(part for pair in zip(heads, parts, strict=True) for part in pair)


def client_frame_size(work: Work) -> int:
    return len(header(work.opcode, work.size, masked=True)) + 4 + work.size


def received(connection: socket.socket) -> bytes:
    data = connection.recv(READ_BYTES)
    if not data:
        raise ConnectionError("the client left")
    return data


def drain(connection: socket.socket) -> None:
    """End the sending and wait for the client to end too, so that nothing sent is lost."""
    connection.shutdown(socket.SHUT_WR)
    while connection.recv(READ_BYTES):
        pass


if __name__ == "__main__":
    main()
