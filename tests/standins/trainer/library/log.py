"""The TensorBoard log of the stand-in trainer."""

import os
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event  # type: ignore[import-untyped]
from tensorboard.compat.proto.summary_pb2 import Summary  # type: ignore[import-untyped]
from tensorboard.summary.writer.record_writer import (  # type: ignore[import-untyped]
    RecordWriter,
)


class Log:
    """A TensorBoard log, as accelerate's tracker writes it: flushed at every step."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        name = f"events.out.tfevents.{int(time.time())}.standin.{os.getpid()}"
        self.file = (folder / name).open("wb")
        self.writer = RecordWriter(self.file)
        self.writer.write(Event(file_version="brain.Event:2").SerializeToString())

    def add(self, values: dict[str, float], step: int) -> None:
        for tag, value in values.items():
            summary = Summary(value=[Summary.Value(tag=tag, simple_value=value)])
            event = Event(wall_time=time.time(), step=step, summary=summary)
            self.writer.write(event.SerializeToString())
        self.writer.flush()
