"""What one start of the trainer is given."""

from pathlib import Path

from stages.library.training.receipt import expected
from stages.library.training.run import failure, resuming, without_needless
from stages.library.training.training import Training
from tests.support.training import write_state


def training_of(folder: Path, prompts: list[str]) -> Training:
    return Training("nasu", folder, None, {}, prompts, 4, 4, [], expected([], {}))


def test_only_what_can_be_drawn_is_asked_for(tmp_path: Path) -> None:
    options: dict[str, list[str]] = {
        "sample_at_first": [],
        "sample_every_n_epochs": ["1"],
        "sample_sampler": ["ddim"],
        "seed": ["1"],
    }
    with_prompts, without = training_of(tmp_path, ["nasu --d 1"]), training_of(tmp_path, [])
    assert without_needless(options, with_prompts, resumed=False) == options
    assert set(without_needless(options, with_prompts, resumed=True)) == {
        "sample_every_n_epochs",
        "sample_sampler",
        "seed",
    }
    assert without_needless(options, without, resumed=False) == {"seed": ["1"]}


def test_a_start_that_goes_on_skips_nothing() -> None:
    assert resuming(None, 1) == {}
    assert resuming(Path("x/nasu-000002-state"), 3) == {
        "resume": ["x/nasu-000002-state"],
        "initial_epoch": ["3"],
    }


def test_a_failure_says_what_is_kept(tmp_path: Path) -> None:
    training = training_of(tmp_path, [])
    said = failure(training, 1, ["KeyError: 'unet'"])
    assert "ended with exit code 1 and made no LoRA; its last lines:\n  | KeyError: 'unet'" in said
    assert "mend it, and run it again" in said
    write_state(training.output / "nasu-000002-state", 2)
    assert "epochs 1 to 2 are kept; the same command goes on from there" in failure(training, 1, [])
