"""What is asked of DVC itself, beyond its commands; tried with DVC 3.67."""

import shlex
from pathlib import Path

from stages.library.common.errors import Problem


def command_of(file: str, stage: str) -> list[str]:
    """Return the words of a stage's command, as DVC makes them of params.yaml.

    Raises:
        Problem: params.yaml, or the file, is not as it should be.
    """
    from dvc.exceptions import DvcException  # half a second that nobody else should pay
    from dvc.repo import Repo

    if not Path(file).is_file():
        raise Problem(f"{file}: is not here; run this in the folder of the project")
    try:
        with Repo() as repo:
            return shlex.split(str(repo.stage.load_one(file, stage).cmd))
    except DvcException as error:
        raise Problem(f"{file}, params.yaml: {error}") from None
