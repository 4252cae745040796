"""A program that takes turns with another one: it says when it is ready, then does a round of steps
for each line that it gets, and says how fast."""

import json
import os
import select
import signal
import subprocess
import tempfile
import time


class Ended(Exception):
    """The program ended, or said nothing, before its time."""


class Side:
    """A program that does a round for each line."""

    def __init__(self, command, threads, cores="", environment=None):
        environment = dict(os.environ, OMP_NUM_THREADS=str(threads), **(environment or {}))
        if cores:
            command = ["taskset", "-c", cores, *command]
        self.command = command
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            env=environment,
            bufsize=0,
            start_new_session=True,
        )
        self.unread = b""

    def ready(self, seconds=None):
        """Waits until it may be asked for rounds; what it says of itself."""
        return self.said(seconds)["ready"]

    def said(self, seconds=None):
        """Its next line, within so many seconds."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while b"\n" not in self.unread:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self.process.stdout], [], [], left)[0]:
                raise Ended(f"said nothing for {seconds:.0f} s: {' '.join(self.command)}")
            more = os.read(self.process.stdout.fileno(), 1 << 16)
            if not more:
                raise Ended(f"ended before its time: {' '.join(self.command)}\n{self.last_words()}")
            self.unread += more
        line, self.unread = self.unread.split(b"\n", 1)
        return json.loads(line)

    def last_words(self):
        """The end of what it wrote to stderr."""
        self.errors.seek(0)
        return self.errors.read()[-2000:].decode(errors="replace").strip()

    def round(self, seconds=None):
        """Does a round; images a second."""
        self.process.stdin.write(b"\n")
        return self.said(seconds)["images_per_second"]

    def end(self, seconds=60):
        """What it says of the whole, if anything."""
        self.process.stdin.close()
        try:
            return self.said(seconds)["measured"]
        except Ended:
            return None
        finally:
            self.stop()

    def stop(self):
        """Ends it with all that it has started."""
        try:
            os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.process.wait()
