#!/usr/bin/python3
"""A running sharkd, Wireshark without a window, that is asked one thing after the other. Each answer
has a time limit of its own. Imported by the tests of what diag does to Wireshark.
"""
import json
import os
import select
import subprocess
import tempfile

PATIENCE = 120  # seconds for one answer, on a crowded machine


class Silence(Exception):
    """No answer."""


class Conversation:
    """sharkd until the end of the with block; command is a pairs.Command."""

    def __init__(self, command):
        self.errors = tempfile.TemporaryFile(mode="w+", errors="replace")
        self.process = command.start("-", stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                     stderr=self.errors)
        self.rest = b""
        self.number = 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()
        self.errors.close()

    def say(self, method, params):
        self.number += 1
        request = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.give_up(request)
        return request

    def give_up(self, request):
        if self.process.poll() is None:
            raise Silence(f"no answer to {request} within {PATIENCE} s")
        self.errors.seek(0)
        raise Silence(f"sharkd ends at {request}: status {self.process.returncode}\n"
                      f"{self.errors.read()[-2000:]}")

    def answer(self, request):
        """The next line that sharkd writes."""
        stream = self.process.stdout.fileno()
        while b"\n" not in self.rest:
            ready = select.select([stream], [], [], PATIENCE)[0]
            more = os.read(stream, 1 << 20) if ready else b""
            if ready and not more:
                self.process.wait()
            if not more:
                self.give_up(request)
            self.rest += more
        line, self.rest = self.rest.split(b"\n", 1)
        return json.loads(line)

    def ask(self, method, params):
        """The result of one request, None when sharkd refuses it."""
        request = self.say(method, params)
        answer = self.answer(request)
        if answer.get("id") != request["id"]:
            raise Silence(f"{request} is answered by {answer}")
        return answer.get("result")

    def load(self, capture):
        """How many frames sharkd has read. To a capture that ends in the middle of a packet sharkd
        4.0 answers nothing, and later ones an error, but the frames before are there."""
        self.say("load", {"file": str(capture)})
        status = self.say("status", {})
        answer = self.answer(status)
        if answer.get("id") != status["id"]:
            answer = self.answer(status)
        return answer.get("result", {}).get("frames", 0)
