"""JSON lines over a private pipe, which the project can neither print into nor read from."""

import json
import os
import sys
import traceback

PROTOCOL = 1
TAIL_LINES = 12


class Refused(Exception):
    """The host said no to a question; the message is the host's."""


class Failure(Exception):
    """A call could not be carried out; ``kind`` tells the host what failed, ``details`` are lines for the user."""

    def __init__(self, kind, message, details=()):
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.details = list(details)


class Wire:
    """Serves calls in the order they come. While a call waits for an answer, further calls are served inside it."""

    def __init__(self, reader, writer):
        self._reader = reader
        self._writer = writer
        self.calls = {}

    @classmethod
    def take_standard_streams(cls):
        """Keep descriptors 0 and 1 for ourselves; what the project prints goes to stderr, what it reads is empty."""
        reader = os.fdopen(os.dup(0), "r", encoding="utf-8")
        writer = os.fdopen(os.dup(1), "w", encoding="utf-8")
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), 0)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
        return cls(reader, writer)

    def serve(self):
        """Answer calls until the host hangs up."""
        for line in self._reader:
            self._answer(json.loads(line))

    def ask(self, question, **arguments):
        """Put a question to the host and wait for its answer; raises Refused."""
        self._send({"ask": question, "arguments": arguments})
        for line in self._reader:
            message = json.loads(line)
            if "call" in message:
                self._answer(message)
            elif "refused" in message:
                raise Refused(message["refused"])
            else:
                return message["answer"]
        raise SystemExit("the host hung up")

    def _answer(self, message):
        try:
            answer = {"result": self.calls[message["call"]](**message["arguments"])}
        except Refused as refusal:
            answer = {"error": {"kind": "refused", "message": str(refusal), "details": []}}
        except Failure as failure:
            answer = {"error": {"kind": failure.kind, "message": failure.message, "details": failure.details}}
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # the project may raise anything, SystemExit included
            answer = {"error": describe(error)}
        self._send(answer)

    def _send(self, message):
        self._writer.write(json.dumps(message) + "\n")
        self._writer.flush()


def describe(error, kind="raised"):
    """An exception as data: kind, one-line message, and the traceback's last lines without our own frames."""
    ours = os.path.dirname(os.path.abspath(__file__))
    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if not frame.filename.startswith(ours)] or every
    lines = "".join(traceback.format_list(frames) + traceback.format_exception_only(type(error), error)).splitlines()
    if isinstance(error, SystemExit):
        message = "sys.exit({!r}) was called".format(error.code)
    else:
        first = (str(error).strip().splitlines() or [""])[0]
        message = "{}: {}".format(type(error).__name__, first) if first else type(error).__name__
    return {"kind": kind, "message": message, "details": lines[-TAIL_LINES:]}
