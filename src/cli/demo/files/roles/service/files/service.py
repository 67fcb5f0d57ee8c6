#!/usr/bin/env python3
"""The demo's service: answers GET /health with who it is. Started and stopped by `servicectl` beside it."""
import http.server
import json
import os
import pathlib
import sys
import time

HOME = pathlib.Path(__file__).resolve().parent
CONFIG = json.loads((HOME / "service.json").read_text())
BORN = time.time()


class Health(http.server.BaseHTTPRequestHandler):
    """One page."""

    def do_GET(self):  # noqa: N802, the library's own name
        body = json.dumps({**CONFIG, "pid": os.getpid(), "up_seconds": round(time.time() - BORN)}).encode()
        self.send_response(200 if self.path == "/health" else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        print(time.strftime("%H:%M:%S"), CONFIG["name"], format % args, flush=True)


def main():
    if CONFIG["version"].endswith("broken"):
        sys.exit(f"{CONFIG['name']} {CONFIG['version']}: cannot start: no such column: orders.currency")
    http.server.ThreadingHTTPServer.allow_reuse_address = True
    server = http.server.ThreadingHTTPServer(("127.0.0.1", CONFIG["port"]), Health)
    os.setsid()
    part = HOME / "service.pid.part"
    part.write_text(f"{os.getpid()}\n")
    part.rename(HOME / "service.pid")
    print(f"{CONFIG['name']} {CONFIG['version']} answers on port {CONFIG['port']}, pid {os.getpid()}", flush=True)
    server.serve_forever()


main()
