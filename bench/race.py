"""Programs that do rounds by turns, several at once: each waits while another has its turn, so that
whatever else the machine does meets all of them."""

import statistics
import time

from side import Ended, Side

# What a program may come to without the others' harm.
FAULTS = (Ended, OSError, ValueError, KeyError)


class Race:
    """Programs by group and name. Those of all groups start at once, since compiling takes minutes;
    rounds begin when nobody compiles any more."""

    def __init__(self):
        self.sides, self.ready, self.failed = {}, {}, {}

    def start(self, group, name, command, threads, environment):
        try:
            self.sides[group, name] = Side(command, threads, environment=environment)
        except FAULTS as error:
            self.failed[group, name] = str(error)

    def wait(self, seconds):
        """Until all are ready. Who is not in time ends."""
        deadline = time.monotonic() + seconds
        for key, side in list(self.sides.items()):
            try:
                self.ready[key] = side.ready(max(0.0, deadline - time.monotonic()))
            except FAULTS as error:
                self.leave(key, error)
        names = lambda keys: [f"{name} at {group}" for group, name in keys]  # noqa: E731
        return {"ready": names(self.ready), "failed": names(self.failed)}

    def leave(self, key, error):
        self.failed[key] = str(error)
        self.sides.pop(key).stop()

    def rounds(self, group, count, seconds):
        """Of a group's programs: images a second of each round, and what they say at their end."""
        names = [name for own, name in self.sides if own == group]
        if not names:
            raise RuntimeError("none of its programs got ready")
        rounds = {name: [] for name in names}
        for _ in range(count):
            for name in list(rounds):
                try:
                    speed = self.sides[group, name].round(seconds / count)
                    rounds[name].append(speed)
                except FAULTS as error:
                    self.leave((group, name), error)
                    del rounds[name]
        ends = {name: self.sides.pop((group, name)).end(10) for name in rounds}
        return {
            "median": {name: statistics.median(values) for name, values in rounds.items()},
            "rounds": rounds,
            "measured": {name: end for name, end in ends.items() if end},
            "failed": {name: why for (own, name), why in self.failed.items() if own == group},
        }

    def stop(self):
        for side in self.sides.values():
            side.stop()
        self.sides = {}
