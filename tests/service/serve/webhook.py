"""A chat server: writes every request down as a line of JSON, and takes nothing until a file says so.

It repeats what it was sent in its refusals, as some servers do."""

import json
import os
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

folder = sys.argv[1]


class Chat(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        taken = os.path.exists(os.path.join(folder, "go"))
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = {"path": self.path, "headers": headers, "body": json.loads(body), "taken": taken}
        with open(os.path.join(folder, "requests"), "a") as requests:
            requests.write(json.dumps(request) + "\n")
        said = b"" if taken else f"no luck with {self.headers['Authorization']} at {self.path}".encode()
        self.send_response(200 if taken else 500)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Chat)
print(server.server_port, flush=True)
server.serve_forever()
