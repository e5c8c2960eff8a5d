"""A trainer's failure ends with what to do."""

import pytest

from stages.library.training.trainer_output import explained


def test_explanations_end_with_what_to_do() -> None:
    text = explained(["step 1", "", "torch.OutOfMemoryError: CUDA out of memory."])
    assert text.startswith("  | step 1\n  | torch")
    assert text.splitlines()[-1].startswith("  the graphics card's memory is too small")
    assert "gradient_checkpointing" in text


LAUNCHER = """Traceback (most recent call last):
  File "<frozen runpy>", line 198, in _run_module_as_main
  File "/x/accelerate/commands/launch.py", line 1198, in <module>
    main()
  File "/x/accelerate/commands/launch.py", line 785, in simple_launcher
    raise subprocess.CalledProcessError(returncode=process.returncode, cmd=cmd)
subprocess.CalledProcessError: Command '['/x/python', '--learning_rate=1e-4']' """


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("returned non-zero exit status 1.", "  | KeyError: 'unet'"),
        ("died with <Signals.SIGKILL: 9>.", "  | died with <Signals.SIGKILL: 9>"),
    ],
)
def test_the_launcher_s_own_traceback_is_left_out(end: str, last: str) -> None:
    own = ["Traceback (most recent call last):", '  File "/x/train_network.py"', "KeyError: 'unet'"]
    shown = explained([*own, *(LAUNCHER + end).splitlines()]).splitlines()
    assert shown[:3] == [f"  | {line}" for line in own]
    assert shown[2:][-2 if "died" in end else -1] == last
    assert not any("accelerate" in line or "learning_rate" in line for line in shown)
