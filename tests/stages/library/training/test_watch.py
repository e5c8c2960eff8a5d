"""What the trainer says, as sd-scripts v0.10.1 says it with --console_log_simple."""

from pathlib import Path

import pytest
from PIL import Image

from stages.library.common.errors import Problem
from stages.library.training.subsets import Subset, read_subsets
from stages.library.training.watch import Watch
from tests.support.training import write_dataset, write_held_out

RIGHT = """\
Using DreamBooth method.
prepare images.
\rread caption:   0%|          | 0/7 [00:00<?, ?it/s]\rread caption: 100%|##| 7/7 [00:00<00:00]
found directory /x/training/state/1a/dataset/1_nasu contains 7 image files
7 train images with repeats.
0 reg images with repeats.
no regularization images / 正則化画像が見つかりませんでした
epoch 1/10
steps:   1%|          | 1/70 [00:03<03:27, 3.00s/it, avr_loss=0.1]"""


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(read_subsets(write_dataset(tmp_path)))


def see(watch: Watch, text: str) -> None:
    for line in text.splitlines():
        watch.see(line)


def test_a_trainer_that_finds_all_is_left_alone(watch: Watch) -> None:
    see(watch, RIGHT)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            "No caption file found for 7 images. Training will continue without captions for these",
            "found no captions for 7 pictures of 1_nasu",
        ),
        ("found directory /x/dataset/1_nasu contains 6 image files", "counts 6 pictures 1_nasu"),
        ("found directory C:\\x\\2_miso contains 7 image files", "the dataset has none"),
        ("6 train images with repeats.", "the dataset has 7"),
        ("7 reg images with repeats.", "counts 7 pictures of the reg images"),
        ("No data found. Please verify arguments (train_data_dir must be", "found no pictures"),
        ("RuntimeError: NaN detected in latents: /x/img001.png", "no_half_vae: true"),
        ("\rsteps: 1%|NaN found in latents, replacing with zeros", "NaN found in latents"),
    ],
)
def test_what_the_trainer_says_and_goes_on_stops_it(watch: Watch, line: str, said: str) -> None:
    see(watch, RIGHT)
    with pytest.raises(Problem, match=rf"(?s){said}.*[ぁ-ん]"):
        watch.see(line)


def test_pictures_for_regularization_may_have_no_captions(tmp_path: Path) -> None:
    dataset = write_dataset(tmp_path)
    regular = tmp_path / "reg" / "1_girl"
    regular.mkdir(parents=True)
    for name in ("a", "b"):
        Image.new("RGB", (8, 8)).save(regular / f"{name}.png")
    watch = Watch(read_subsets(dataset) + read_subsets(tmp_path / "reg", regular=True))
    see(watch, "found directory /x/1_nasu contains 7 image files\n7 train images with repeats.")
    see(watch, "found directory /x/1_girl contains 2 image files\n2 reg images with repeats.")
    watch.see("No caption file found for 2 images. Training will continue")
    with pytest.raises(Problem, match="found no captions for 1 pictures of 1_girl"):
        watch.see("No caption file found for 1 images. Training will continue")


def test_pictures_that_are_held_back_are_counted_apart(tmp_path: Path) -> None:
    watch = Watch(read_subsets(write_dataset(tmp_path)), split=0.3, seed=1)
    see(watch, "found directory /x/1_nasu contains 5 image files\n5 train images with repeats.")
    see(watch, "found directory /x/1_nasu contains 2 image files")
    see(watch, "2 validation images with repeats.\n0 reg images with repeats.")
    with pytest.raises(Problem, match="the dataset has 2 or 5"):
        watch.see("found directory /x/1_nasu contains 7 image files")


def test_a_dataset_to_validate_with_is_read_twice_and_never_trained(tmp_path: Path) -> None:
    write_dataset(tmp_path)
    pictures = tuple(sorted(write_held_out(tmp_path, "nasu", "nasu").glob("3_nasu/*.png")))
    held_back = Subset(Path("1_held_out"), 1, pictures)
    watch = Watch(read_subsets(tmp_path / "data" / "dataset"), held_back=held_back)
    see(watch, RIGHT)
    see(watch, "found directory /x/held_out/1_held_out contains 0 image files")
    see(watch, "0 train images with repeats.\n0 reg images with repeats.")
    see(watch, "found directory /x/held_out/1_held_out contains 2 image files")
    see(watch, "2 validation images with repeats.\n0 reg images with repeats.")
    for line, said in (
        ("found directory /x/1_held_out contains 1 image files", "the dataset has 0 or 2"),
        ("2 train images with repeats.", "the dataset has 0 or 7"),
        ("1 validation images with repeats.", "the dataset has 2"),
        ("No caption file found for 1 images.", "no captions for 1 pictures of 1_held_out"),
    ):
        with pytest.raises(Problem, match=said):
            watch.see(line)
