"""A chat behind an address: the least of a server that speaks OpenAI's protocol, for this machine only.

Source: OpenAI, "API Reference", Chat Completions: what `POST /chat/completions` takes and gives.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from helpers.sampling.chat import Chat


@contextmanager
def serving(chat: Chat, model: str = "local") -> Iterator[str]:
    """While the `with` block runs, the chat answers at the address that it gives; the port is any free one."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(chat, model))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(chat: Chat, model: str) -> type[BaseHTTPRequestHandler]:
    one_at_a_time = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path != "/v1/chat/completions":
                return self.answer(404, {"error": {"message": f"there is nothing at {self.path}"}})
            try:
                asked = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
                messages = [{"role": m["role"], "content": m["content"]} for m in asked["messages"]]
                with one_at_a_time:
                    content = chat(messages)
            except (ValueError, LookupError, TypeError) as error:
                return self.answer(400, {"error": {"message": str(error)}})
            message = {"role": "assistant", "content": content}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return self.answer(200, {"object": "chat.completion", "model": model, "choices": [choice]})

        def answer(self, status: int, body: dict[str, Any]) -> None:
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler
