#!/usr/bin/env python3
"""An HTTP proxy in front of a registry that fails as real ones do.

fault_proxy.py PORT_FILE LOG UPSTREAM_PORT [FAULT...]

Listens on a free port of the loopback, whose number it writes to PORT_FILE, and passes everything on
to 127.0.0.1:UPSTREAM_PORT. Each request is a line of LOG: METHOD PATH RANGE. A FAULT is
PATTERN=KIND[:ARGUMENT][*COUNT]: it hits the first COUNT requests (1; "*all") whose path has PATTERN.

  cut:PERCENT      the connection ends after that part of the body
  status:CODE      an answer without the registry being asked; 429 and 503 come with Retry-After: 0
  stall:PERCENT    nothing comes any more after that part of the body
  flip             one bit of the body is another
  short            the body lacks its last byte, and its length says so
  endless          the body does not end
  loop             a redirect to itself
  norange          a Range is not heard
"""

import http.client
import http.server
import pathlib
import sys
import threading
import time

CHUNK = 65536


class Fault:
    def __init__(self, text):
        self.pattern, _, rest = text.partition("=")
        rest, _, count = rest.partition("*")
        self.kind, _, self.argument = rest.partition(":")
        self.left = float("inf") if count == "all" else int(count or 1)


FAULTS = [Fault(text) for text in sys.argv[4:]]
LOCK = threading.Lock()


def fault_for(path):
    with LOCK:
        for fault in FAULTS:
            if fault.left > 0 and fault.pattern in path:
                fault.left -= 1
                return fault
    return None


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        with LOCK, open(sys.argv[2], "a", encoding="ascii") as log:
            log.write(f"{self.command} {self.path} {self.headers.get('Range', '-')}\n")

    def do_GET(self):
        self.note()
        fault = fault_for(self.path)
        kind = fault.kind if fault else ""
        if kind == "status":
            return self.refuse(int(fault.argument))
        if kind == "loop":
            self.send_response(307)
            self.send_header("Location", self.path)
            self.send_header("Content-Length", "0")
            return self.end_headers()
        upstream = http.client.HTTPConnection("127.0.0.1", int(sys.argv[3]))
        headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        headers["Host"] = self.headers["Host"]
        if kind == "norange":
            headers.pop("Range", None)
        upstream.request("GET", self.path, headers=headers)
        answer = upstream.getresponse()
        self.pass_on(answer, fault)

    do_HEAD = do_GET

    def refuse(self, code):
        self.send_response(code)
        if code in (429, 503):
            self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def pass_on(self, answer, fault):
        body = answer.read() if self.command == "GET" else b""
        kind = fault.kind if fault else ""
        if kind == "short":
            body = body[:-1]
        if kind == "flip":
            middle = len(body) // 2
            body = body[:middle] + bytes([body[middle] ^ 1]) + body[middle + 1 :]
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection", "transfer-encoding"):
                self.send_header(name, value)
        if kind != "endless":
            self.send_header("Content-Length", str(len(body)))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        if kind in ("cut", "stall"):
            self.wfile.write(body[: len(body) * int(fault.argument) // 100])
            self.wfile.flush()
            if kind == "stall":
                time.sleep(600)
            self.close_connection = True
            self.connection.close()
            return
        self.wfile.write(body)
        while kind == "endless":
            self.wfile.write(b"\0" * CHUNK)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        pass  # who was pulling has gone


server = Server(("127.0.0.1", 0), Handler)
port_file = pathlib.Path(sys.argv[1])
port_file.with_suffix(".new").write_text(f"{server.server_address[1]}\n", encoding="ascii")
port_file.with_suffix(".new").rename(port_file)
server.serve_forever()
