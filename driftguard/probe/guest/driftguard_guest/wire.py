"""JSON lines over a private pipe, which the project can neither print into nor read from."""

import json
import os
import select
import signal
import sys
import threading
import time
import traceback

PROTOCOL = 1
TAIL_LINES = 12
LAST_SECONDS = 1.0
NOT_THE_PROJECTS = (os.path.dirname(os.path.abspath(__file__)), "<frozen importlib")
BACKGROUND = "(Background on this error at: "


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
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=lambda: _hang_up(reader, writer))
        threading.Thread(target=_end_with_host, args=(reader.fileno(),), daemon=True).start()
        return cls(reader, writer)

    def serve(self):
        """Answer calls until the host hangs up."""
        while self.serve_one():
            pass

    def serve_one(self):
        """Answer one call; False when the host has hung up."""
        line = self._reader.readline()
        if line:
            self._answer(json.loads(line))
        return bool(line)

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


def _end_with_host(descriptor):
    """Once nobody holds the wire's other end, leave; if the project or a driver hangs, nobody else could end us."""
    poll = select.poll()
    poll.register(descriptor, 0)  # of the end alone, not of what is sent
    poll.poll()
    time.sleep(LAST_SECONDS)  # in which the calls that were under way end by themselves
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpid(), signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)


def _hang_up(*streams):
    """A child that the project forks must neither take the host's calls nor answer them."""
    with open(os.devnull, "r+b", 0) as nothing:
        for stream in streams:
            os.dup2(nothing.fileno(), stream.fileno(), inheritable=False)


def describe(error, kind="raised"):
    """An exception as data: kind, one-line message, and the traceback's last lines without our own frames."""
    return {"kind": kind, "message": _message(error), "details": _tail(error)}


def _message(error):
    if isinstance(error, SystemExit):
        return "sys.exit({!r}) was called".format(error.code)
    cause = getattr(error, "orig", None) or error  # SQLAlchemy adds the statement and a link to what the driver said
    try:
        lines = str(cause).strip().splitlines()
    except Exception:  # an exception that cannot even say what it is
        lines = []
    return "{}: {}".format(type(cause).__name__, lines[0]) if lines else type(cause).__name__


def _tail(error):
    """The innermost frames that fit, each of them whole, then what was raised."""
    raised = "".join(traceback.format_exception_only(type(error), error)).splitlines()
    left = [line for line in raised if not line.startswith(BACKGROUND)][-TAIL_LINES:]
    for text in reversed(traceback.format_list(_frames(error))):
        lines = text.splitlines()
        if len(left) + len(lines) > TAIL_LINES:
            break
        left = lines + left
    return left


def _frames(error):
    """Down to the last line of the project's own, and where it was raised; what lies between says little."""
    every = traceback.extract_tb(error.__traceback__)
    frames = [frame for frame in every if not frame.filename.startswith(NOT_THE_PROJECTS)] or every
    own = [number for number, frame in enumerate(frames) if _is_projects(frame.filename)]
    return frames[: own[-1] + 1] + frames[own[-1] + 1 :][-1:] if own else frames


def _is_projects(file):
    return "site-packages" not in file and not file.startswith(("<", os.path.dirname(os.__file__)))
