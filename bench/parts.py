"""Parts of a long measurement that must end in time: what fails or finds no time is written down,
and the others go on."""

import json
import os
import tempfile
import time
import traceback
from pathlib import Path


class NoTime(Exception):
    """A part that needs more time than is left."""


class Parts:
    """Does parts one after the other, and writes what they found after each."""

    def __init__(self, path, seconds, about):
        self.path = Path(path)
        self.began, self.seconds = time.monotonic(), seconds
        self.found = {"about": about, "parts": {}}

    def left(self):
        return max(0.0, self.seconds - self.elapsed())

    def do(self, name, needs, part):
        """Does a part that takes at least `needs` seconds. What it found, or `None`."""
        print(f"{self.elapsed():6.1f} s  {name}", flush=True)
        began = time.monotonic()
        record = {"state": "done"}
        try:
            if self.left() < needs:
                raise NoTime(f"it needs {needs:.0f} s, and {self.left():.0f} s are left")
            record["found"] = part()
        except NoTime as error:
            record.update(state="skipped", why=str(error))
        except BaseException as error:  # noqa: BLE001  (a part's exit is no end of the others)
            if isinstance(error, KeyboardInterrupt):
                raise
            record.update(state="failed", why=f"{type(error).__name__}: {error}")
            record["trace"] = traceback.format_exc()[-3000:]
        record["seconds"] = time.monotonic() - began
        if record["state"] != "done":
            print(f"          {record['state']}: {record['why'].splitlines()[0]}", flush=True)
        self.found["parts"][name] = record
        self.write()
        return record.get("found")

    def elapsed(self):
        return time.monotonic() - self.began

    def write(self):
        """The whole file or the one before, whatever happens meanwhile."""
        self.found["about"]["seconds"] = self.elapsed()
        folder = self.path.resolve().parent
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, suffix=".part") as file:
            json.dump(self.found, file, indent=1)
        os.replace(file.name, self.path)
