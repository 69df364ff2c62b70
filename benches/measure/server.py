"""A gastrolog server for the length of a measurement: started on loopback, asked over HTTP/1.1, stopped again."""

import json
import os
import signal
import socket
import subprocess
import time

from .machine import TICKS_PER_SECOND

START_SECONDS_MAX = 120
STOP_SECONDS_MAX = 120
ANSWER_SECONDS_MAX = 300
HEAD_BYTES_MAX = 64 << 10
BODY_BYTES_MAX = 256 << 20
QUIET_SECONDS_MAX = 60


class ServerError(Exception):
    """The server did not start, or did not answer as it should."""


class Connection:
    """A keep-alive connection that adds as little as it can to what is measured."""

    def __init__(self, host, port):
        self.host, self.socket = f"{host}:{port}", socket.create_connection((host, port), timeout=ANSWER_SECONDS_MAX)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.held = bytearray()

    def close(self):
        """Closes it."""
        self.socket.close()

    def request(self, method, path, content_type=None, size=0):
        """The head of a request."""
        body = f"Content-Type: {content_type}\r\nContent-Length: {size}\r\n" if content_type else ""
        return f"{method} {path} HTTP/1.1\r\nHost: {self.host}\r\n{body}\r\n".encode()

    def send(self, method, path, content_type=None, body=b""):
        """Sends a request; status and body of the answer."""
        head = self.request(method, path, content_type, len(body))
        if len(body) < HEAD_BYTES_MAX:
            self.socket.sendall(head + body)
        else:
            self.socket.sendall(head)
            self.socket.sendall(body)
        return self.answer()

    def more(self):
        """Reads on."""
        block = self.socket.recv(1 << 20)
        if not block or len(self.held) > BODY_BYTES_MAX:
            raise ServerError("the connection ended inside of an answer, or the answer is too long")
        self.held += block

    def until(self, mark):
        """Everything before a mark, which is taken away too."""
        while (at := self.held.find(mark)) < 0:
            self.more()
        taken = bytes(self.held[:at])
        del self.held[: at + len(mark)]
        return taken

    def exactly(self, size):
        """That many bytes."""
        while len(self.held) < size:
            self.more()
        taken = bytes(self.held[:size])
        del self.held[:size]
        return taken

    def answer(self):
        """Status and body of an answer, counted or in pieces."""
        lines = self.until(b"\r\n\r\n").split(b"\r\n")
        head = dict(line.lower().split(b":", 1) for line in lines[1:])
        status = int(lines[0].split(b" ", 2)[1])
        if b"chunked" not in head.get(b"transfer-encoding", b""):
            return status, self.exactly(int(head.get(b"content-length", 0)))
        body = b""
        while size := int(self.until(b"\r\n").split(b";")[0], 16):
            body += self.exactly(size)
            self.exactly(2)
        self.until(b"\r\n")
        return status, body


class Server:
    """A running `gastrolog serve` on a store of its own."""

    def __init__(self, binary, store):
        self.binary, self.store, self.process, self.port = binary, store, None, 0
        # What is measured is how a question is answered, and not how an answer is remembered, unless that is said.
        self.keeps_answers = False

    def config(self):
        """The path of its configuration."""
        path = os.path.join(self.store, "serve.toml")
        with open(path, "w", encoding="utf-8") as config:
            config.write("" if self.keeps_answers else "[cache]\nanswers = 0\n")
        return path

    def start(self):
        """Starts it and waits until it listens; the seconds that took."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        os.makedirs(self.store, exist_ok=True)
        began = time.monotonic()
        with open(os.path.join(self.store, "serve.out"), "ab") as told:
            command = [self.binary, "serve", "--store", self.store, "--listen", f"127.0.0.1:{self.port}", "--config", self.config()]
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=told, stderr=told)
        while time.monotonic() - began < START_SECONDS_MAX:
            if self.process.poll() is not None:
                break
            try:
                self.connect().close()
                return time.monotonic() - began
            except OSError:
                time.sleep(0.001)
        self.stop()
        with open(os.path.join(self.store, "serve.out"), "rb") as told:
            raise ServerError("the server did not start: " + told.read()[-500:].decode("utf-8", "replace"))

    def stop(self):
        """Ends the process that `start` began, and no other; politely at first."""
        if self.process is None:
            return
        process, self.process = self.process, None
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def connect(self):
        """A new connection."""
        return Connection("127.0.0.1", self.port)

    def call(self, connection, method, message):
        """Calls a method of the API (Connect, JSON): its answer."""
        status, body = connection.send("POST", f"/gastrolog.v1.{method}", "application/json", json.dumps(message).encode())
        if status != 200:
            raise ServerError(f"{method} answered {status}: {body[:300].decode('utf-8', 'replace')}")
        return json.loads(body)

    def cpu_s(self):
        """CPU seconds of the server so far, user and system."""
        with open(f"/proc/{self.process.pid}/stat", encoding="ascii", errors="replace") as stat:
            fields = stat.read().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND

    def peak_bytes(self):
        """Most memory it ever held (resident, mapped files with it)."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii", errors="replace") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        return 0

    def settle(self):
        """Waits until it does nothing any more."""
        spent, until = self.cpu_s(), time.monotonic() + QUIET_SECONDS_MAX
        while time.monotonic() < until:
            time.sleep(0.5)
            now = self.cpu_s()
            if now - spent <= 0.01:
                return
            spent = now


def chunk_files(store):
    """The chunk files below a store."""
    return [os.path.join(d, f) for d, _, files in os.walk(store) for f in files if f.endswith(".chunk")]


def chunk_bytes(store):
    """Bytes of the chunk files: everything that is kept, indexes included."""
    return sum(map(os.path.getsize, chunk_files(store)))


def drop_caches(store):
    """Asks the system to forget what it holds of the chunk files. Nothing may have them mapped."""
    for path in chunk_files(store):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
            os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(file)
