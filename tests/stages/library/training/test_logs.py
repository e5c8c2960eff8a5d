"""Logs are read while they grow."""

from pathlib import Path

from stages.library.training.curves import (
    stitched,
)
from stages.library.training.logs import Logs, attempt_name
from tests.standins.trainer.library.log import Log


def test_logs_are_read_on_from_where_they_were(tmp_path: Path) -> None:
    log = Log(tmp_path / attempt_name(0, 1) / "20260101000000" / "network_train")
    logs = Logs(tmp_path)
    log.add({"loss/current": 1.0, "lr/unet": 0.5}, 1)
    assert len(logs.read()[0].scalars) == 2
    log.add({"loss/current": 2.0}, 2)
    again = Log(tmp_path / attempt_name(1, 3) / "20260101000001" / "network_train")
    again.add({"loss/current": 4.0}, 1)
    log.file.write(b"\x18\x00\x00\x00half a record")  # killed while writing
    log.file.close()
    again.file.close()
    attempts = logs.read()
    assert [(a.start, len(a.scalars)) for a in attempts] == [(1, 3), (3, 1)]
    assert [(s.step, s.loss) for s in stitched(attempts, 1).steps] == [(1, 1), (2, 2), (3, 4)]
