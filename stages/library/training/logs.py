"""The TensorBoard logs of a training and its resumptions.

sd-scripts starts a new log, at step 0, whenever it resumes.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tensorboard.backend.event_processing.event_file_loader import (  # type: ignore[import-untyped]
    LegacyEventFileLoader,
)


@dataclass
class Attempt:
    """What one start of the trainer logged: from the first step of epoch `start` (1, 2 ...)."""

    start: int
    scalars: list[tuple[str, int, float]] = field(default_factory=list)


def attempt_name(number: int, start: int) -> str:
    """Return the log folder of a start of the trainer.

    >>> attempt_name(2, start=4)
    '002-from-epoch-000004'
    """
    return f"{number:03d}-from-epoch-{start:06d}"


class Logs:
    """The TensorBoard logs in a folder; every `read` reads only what has come since."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._attempts: dict[Path, Attempt] = {}
        self._loaders: dict[Path, LegacyEventFileLoader] = {}

    def read(self) -> list[Attempt]:
        """Return what every start of the trainer has logged up to now, in order."""
        for path in sorted(self.folder.glob("*-from-epoch-*")):
            attempt = self._attempts.setdefault(path, Attempt(int(path.name[-6:])))
            for file in sorted(path.glob("**/events.out.tfevents.*")):
                if file not in self._loaders:
                    self._loaders[file] = LegacyEventFileLoader(str(file))
                attempt.scalars += scalars(self._loaders[file])
        return list(self._attempts.values())


def scalars(loader: LegacyEventFileLoader) -> Iterator[tuple[str, int, float]]:
    """Yield the new scalars of a log: tag, step, value."""
    for event in loader.Load():
        for value in event.summary.value:
            if value.HasField("simple_value"):
                yield value.tag, event.step, value.simple_value
