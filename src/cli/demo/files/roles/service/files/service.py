#!/usr/bin/env python3
"""The demo's service: GET /health tells who it is, GET /orders does its work. Started and stopped by `servicectl`."""
import http.server
import json
import os
import pathlib
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent
CONFIG = json.loads((HOME / "service.json").read_text())
BORN = time.time()


class Pages(http.server.BaseHTTPRequestHandler):
    """Two pages. The orders of a broken version fail while its health is fine: what a gate is for."""

    def do_GET(self):  # noqa: N802, the library's own name
        if self.path == "/health":
            self.answer(200, {**CONFIG, "pid": os.getpid(), "up_seconds": round(time.time() - BORN)})
        elif self.path != "/orders":
            self.answer(404, {"error": f"no page {self.path}"})
        elif CONFIG["version"].endswith("broken"):
            self.answer(500, {"error": "no such column: orders.currency", "version": CONFIG["version"]})
        else:
            self.answer(200, {"orders": 17, "version": CONFIG["version"], "host": CONFIG["host"]})

    def answer(self, status, what):
        body = json.dumps(what).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Version", CONFIG["version"])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        # the balancer asks for the health twice a second
        if self.path != "/health":
            print(time.strftime("%H:%M:%S"), CONFIG["name"], format % args, flush=True)


class Server(http.server.ThreadingHTTPServer):
    """Takes many connections at once."""

    allow_reuse_address = True
    request_queue_size = 128


def main():
    if CONFIG["version"].endswith("crash"):
        sys.exit(f"{CONFIG['name']} {CONFIG['version']}: cannot start: no such column: orders.currency")
    server = Server(("127.0.0.1", CONFIG["port"]), Pages)
    os.setsid()
    part = HOME / "service.pid.part"
    part.write_text(f"{os.getpid()}\n")
    part.rename(HOME / "service.pid")
    print(f"{CONFIG['name']} {CONFIG['version']} answers on port {CONFIG['port']}, pid {os.getpid()}", flush=True)
    server.serve_forever()


main()
