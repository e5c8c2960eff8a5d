"""What is checked before a training starts, in seconds."""

import re
from collections import Counter
from pathlib import Path

from PIL import Image

from stages.library.common.errors import Problem
from stages.library.common.foreign import shown
from stages.library.common.links import refuse_links_out
from stages.library.common.outputs import files_in
from stages.library.common.values import odd_comma
from stages.library.dataset.captions import is_prose, pieces
from stages.library.dataset.sizes import picture_size
from stages.library.training.dvc_lock import dvc_md5
from stages.library.training.subsets import CAPTION, Subset, read_subsets

MOST_UNSHUFFLED = 2
"""Pieces of a line that keep their order when shuffled: the trigger, and one more."""

MOST_STEPS = 50_000
"""More than a day of a T4; a slip in organize.repeats rather than a wish."""


def dataset_subsets(dataset: Path) -> list[Subset]:
    """Return the folders of a dataset; every picture has its caption, every caption its picture.

    Raises:
        Problem: a file in them is a link that leads out.
        Problem: there is no dataset, a picture or caption stands alone, or a caption is empty.
    """
    refuse_links_out(dataset.glob("*"))
    found = read_subsets(dataset)
    for subset in found:
        refuse_links_out(subset.folder.iterdir())
        captions = {path.stem for path in files_in(subset.folder, f"*{CAPTION}")}
        stems = {path.stem for path in subset.pictures}
        if alone := sorted(stems ^ captions):
            kind = "caption" if alone[0] in stems else "picture"
            raise Problem(
                f"{subset.folder}: {shown(alone[0])} has no {kind}, {len(alone)} files stand "
                f"alone; get the dataset back with dvc repro, or dvc checkout {dataset}"
            )
        for picture in subset.pictures:
            if not subset.caption(picture):
                raise Problem(
                    f"{shown(picture.with_suffix(CAPTION))}: is empty, or its first line is; "
                    f"get it back with dvc repro, or dvc checkout {dataset} "
                    "/ キャプションが空です。上のどちらかのコマンドで元に戻してください"
                )
    if not any(subset.pictures for subset in found):
        raise Problem(f"{dataset}: holds no pictures; run dvc repro, or dvc pull {dataset}")
    return [subset for subset in found if subset.pictures]


def check_dataset(dataset: Path, locked: str) -> str:
    """Return DVC's MD5 of the dataset.

    Raises:
        Problem: it isn't the one that dvc.lock records.
    """
    if not locked:
        raise Problem(f"dvc.lock: does not list {dataset}; run dvc repro first")
    found = dvc_md5(dataset)
    if found != locked:
        raise Problem(
            f"{dataset}: is not the dataset that dvc.lock records ({found[:8]}, not {locked[:8]}); "
            f"run dvc repro, or get it back with dvc checkout {dataset}"
        )
    return found


def told_lines(subsets: list[Subset], wildcard: bool, shuffled: bool) -> list[str]:
    """Return warnings of captions that have a second line, which is read otherwise than thought.

    sd-scripts reads the first line alone, or with `wildcard` one by lot (train_util.py,
    read_caption and process_caption), and then shuffles what commas part in that.
    """
    several = {
        picture: read
        for subset in subsets
        for picture in subset.pictures
        if "\n" in (read := subset.caption(picture, wildcard=True))
    }
    if not several:
        return []
    first = shown(next(iter(several)).with_suffix(CAPTION).name)
    if not wildcard:
        return [
            f"{len(several)} captions have a second line ({first} …), which is not read: set "
            "train.enable_wildcard: true, and one of the lines is taken each time, by lot / 2 行目"
            "は学習されません。train.enable_wildcard: true にすると、毎回どちらかの行が使われます"
        ]
    parts = [line for read in several.values() for line in read.split("\n") if is_prose(line)]
    if shuffled and any(len(pieces(line)) > MOST_UNSHUFFLED for line in parts):
        return [
            f"train.shuffle_caption shuffles what commas part in a sentence, too ({first} …); "
            "write sentences without commas, or set it to false / shuffle_caption は文の中の「,」の"
            "前後も入れ替えます。文には「,」を使わないでください"
        ]
    return []


def buckets(times: Counter[Path]) -> list[int]:
    """Return how many pictures of equal size an epoch shows, for every size.

    `times` tells how often it shows each picture.
    """
    sizes: Counter[tuple[int, int]] = Counter()
    for path, count in times.items():
        sizes[picture_size(path)] += count
    return list(sizes.values())


def has_alpha(picture: Path) -> bool:
    with Image.open(picture, formats=("PNG", "JPEG", "WEBP", "BMP")) as opened:
        return opened.has_transparency_data


def check_alpha(subsets: list[Subset]) -> None:
    """Raise Problem if no picture has a transparent part to be left out by `alpha_mask`."""
    if not any(has_alpha(path) for subset in subsets for path in subset.pictures):
        raise Problem(
            "params.yaml, train.alpha_mask: no picture of the dataset has transparency, so that "
            "there is nothing to leave out; set it to false, or prepare.alpha: keep and run "
            "dvc repro / 透明な部分のある絵がありません。false にするか、prepare.alpha を keep に"
            "して dvc repro を実行してください"
        )


def alpha_lost(subsets: list[Subset]) -> str:
    """Return a warning about transparent parts that are trained on without `alpha_mask`; else ''.

    sd-scripts then drops the alpha (library/train_util.py, load_image), and learns what lies under.
    """
    count = sum(has_alpha(path) for each in subsets if not each.regular for path in each.pictures)
    if not count:
        return ""
    return (
        f"{count} pictures have transparent parts, which would be learned as what lies under them, "
        "white mostly; to leave them out, set train.alpha_mask: true in params.yaml / "
        "透明な部分が、下にある白などの色として学習されます。"
        "学習から外すには train.alpha_mask を true にしてください"
    )


def check_steps(steps: int, warmup: str) -> None:
    """Raise Problem if a training of so many steps makes no sense."""
    if steps > MOST_STEPS:
        raise Problem(
            f"params.yaml, organize.repeats: {steps} steps are more than a day's work; lower it, "
            "or train.max_train_epochs"
        )
    try:
        given = float(warmup.removesuffix("%")) / (100 if warmup.endswith("%") else 1)
    except ValueError:
        raise Problem(
            f"params.yaml, train.lr_warmup_steps: {warmup!r} is no number; write steps, or a share "
            "of them such as 10%"
        ) from None
    if given >= max(steps, 1):
        raise Problem(
            f"params.yaml, train.lr_warmup_steps: {warmup} is not less than the {steps} steps of "
            "this training, so that it would never reach its learning rate; lower it"
        )


def check_prompts(prompts: list[str]) -> None:
    """Raise Problem for a sample prompt whose picture could not be compared with another's."""
    for prompt in prompts:
        if not re.search(r" --d \d+( |$)", prompt):
            raise Problem(
                f"params.yaml, lora.sample_prompts: {prompt!r} has no seed; end it with --d 1"
            )
        if not prompt.isprintable() or prompt.startswith("#"):
            raise Problem(
                f"params.yaml, lora.sample_prompts: {prompt!r} is no line of text; write one"
            )
        if fault := odd_comma(prompt):
            raise Problem(f"params.yaml, lora.sample_prompts: {fault}")
