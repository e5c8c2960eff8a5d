"""A training's way to the Drive and back, which may be full, away or dead."""

import sys
from contextlib import suppress

from stages.library.common.drive import AGAIN
from stages.library.common.errors import Problem
from stages.library.common.outputs import make_below
from stages.library.training.carrying import arrived, carry
from stages.library.training.results import remove_states
from stages.library.training.states import remove_old_states, states_in
from stages.library.training.training import FINISHED, Training


def receive(training: Training) -> None:
    """Take over what an earlier machine has left of this training on the Drive.

    Raises:
        Problem: the Drive went away meanwhile; without its states all would be trained again.
        Problem: somebody has put into a state what may run a program.
    """
    drive, mirror, folder = training.drive, training.mirror, training.folder
    if not (drive and mirror):
        return
    try:
        if mirror.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            carry(mirror, folder, shared=True)
    except OSError:
        if drive.there:
            raise
    if not drive.there:
        raise Problem(
            f"the Drive went away before the training began; {AGAIN[0]}, then run this again "
            f"/ 学習の前にドライブとの接続が切れました。{AGAIN[1]}。"
            "そのあと、もう一度実行してください"
        )


def send(training: Training) -> bool:
    """Copy what is new to the Drive, and return whether that has all now.

    A Drive that is full or away stops no training; what it lacks is sent when it is back. The log
    alone is nothing new: without a state that reaches as far it would be of no use.
    """
    drive, mirror, here, output = training.drive, training.mirror, training.folder, training.output
    if not (drive and mirror):
        return True
    found = [*here.glob(FINISHED), *output.glob("*.safetensors"), *output.glob("sample/*.png")]
    made, wrong = [*found, *states_in(output)], ""
    try:
        if drive.there and not all(arrived(path, mirror / path.relative_to(here)) for path in made):
            make_below(drive.folder, mirror)
            carry(here, mirror)
            remove_old_states(here, mirror)
    except OSError as error:
        wrong = f"the Drive takes no state now: {error}"
    if not drive.there:
        wrong = (
            f"the Drive is away; the training goes on, and its states stay in {here} until it is "
            "back. In Colab: stop this cell, run cell 2 again, then this one: it goes on from the "
            "newest state / ドライブとの接続が切れましたが、学習は続き、"
            f"途中経過はつながるまで {here} に残ります。"
            "Colab ではこのセルを止め、2 のセル、このセルの順に実行し直すと、続きから学習します"
        )
    drive.say(wrong)
    return not wrong


def hand_over(training: Training) -> None:
    """Give the Drive what it lacks of a finished training, and no states; or say what to do."""
    if not send(training):
        print(
            "train: warning: the Drive hasn't got all of this training, see above; the LoRA is "
            f"here: {AGAIN[0]}, then run cell 10 (python -m tools.remote push) "
            "/ 学習の結果がまだドライブに届いていません。LoRA はこのコンピューターにあります。"
            f"{AGAIN[1]}。そのあと 10 のセル(python -m tools.remote push)を実行してください",
            file=sys.stderr,
        )
    elif training.mirror:
        with suppress(OSError):  # it went away just now; the states are only in the way there
            remove_states(training.mirror)
