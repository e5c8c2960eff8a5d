"""Draw test pictures with the LoRA in a WebUI, and tell what the tagger finds in them again."""

import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import product
from pathlib import Path
from typing import Any

from PIL import Image

from stages.library.common import command
from stages.library.common.arguments import Parser, filled
from stages.library.common.outputs import atomic_directory, locked, write_atomically
from stages.library.common.unchanged import Seen, seen
from stages.library.dataset.sizes import picture_size
from stages.library.dataset.subjects import triggers_of
from stages.library.drawing.album import Album
from stages.library.drawing.found import tags_in
from stages.library.drawing.gallery import render
from stages.library.drawing.grids import grid
from stages.library.drawing.judging.captions import folders_of
from stages.library.drawing.judging.commissions import Wish
from stages.library.drawing.judging.evidence import ASKED, HELD_OUT, write_evidence
from stages.library.drawing.lora_papers import made_of
from stages.library.drawing.missing import draw_missing
from stages.library.drawing.orders import Painter, weight_text
from stages.library.drawing.painters.infotext import in_common
from stages.library.drawing.painters.lending import lent, take_all_back, told
from stages.library.drawing.painters.webui import WebUI, check_effect
from stages.library.drawing.painters.webui_errors import LOGIN
from stages.library.drawing.prompts import Drawing
from stages.library.drawing.recall import Drawn, Gallery, recall_figures
from stages.library.drawing.trial import Places, Plan, Trial, plan_for
from stages.library.params.caption import CAPTION
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.generate import GENERATE, LAST
from stages.library.params.judge import JUDGE
from stages.library.params.organize import ORGANIZE
from stages.library.params.tagger import TAGGER
from stages.library.tagging.choices import choices_of
from stages.library.tagging.kept import Kept
from stages.library.training.dvc_lock import dvc_md5, locked_md5, read_lock

OTHERS = 500
"""Pictures of other grids that are kept, so that what was drawn once is not drawn again."""

OUTPUTS = r"index\.html|(images|grids)/[^/]+\.png"
"""Files of the output folder."""

FOR_THE_JUDGE = rf"[^/]+\.png|{re.escape(ASKED)}"
"""Files of the folder of what is drawn for the judge."""


def generate(places: Places, trial: Trial) -> None:
    """Draw every prompt with every epoch, weight and seed; write pictures, grids and a page.

    Captions of drawings are drawn for the judge, too.

    Pictures are kept in `places.work` as they are drawn: a run goes on where one broke off.

    Raises:
        Problem: something is missing, or wrong in params.yaml or at the WebUI.
        Problem: the WebUI fails, stops answering, or draws otherwise than asked.
        Problem: a caption or the dictionary was changed meanwhile.
    """
    drawing, album = trial.drawing, Album(places.work)
    read = what_is_read(places, trial)
    webui = WebUI(drawing.url, drawing.remote, os.environ.get(LOGIN, ""))
    if left := take_all_back():
        print(f"generate: {told(left)}")
    plan = plan_for(places, trial, webui)
    print(counted(plan))
    with locked(places.work):
        with painter_of(plan, webui) as painter:
            draw_missing(plan.orders, album, painter)
        publish(gallery_of(plan, album), plan, album, places, read)
        album.keep(plan.orders, others=OTHERS)
    page = places.output / "index.html"
    print(f"generate: {len(plan.cells)} pictures; open {page} / ブラウザーで開いてください")
    if not is_kept(places.lora):
        print(
            f"generate: warning: DVC does not keep {places.lora} as it is, and dvc exp would "
            "replace it by what it keeps; run: dvc commit -f training/dvc.yaml:train",
            file=sys.stderr,
        )


def what_is_read(places: Places, trial: Trial) -> Seen:
    """Return what people may write meanwhile, as it is now."""
    folders = [places.held_out, places.dataset] if trial.judge.captions else []
    within = [folder for top in folders for folder in folders_of(top)]
    return seen(
        *(places.captions, places.dictionary, *folders, *within),
        is_read=lambda path: path.suffix != ".png",  # of pictures here, only whether they are there
    )


def counted(plan: Plan) -> str:
    """Return how many pictures there are, and what for."""
    grids, judge = len(plan.orders) - plan.for_the_judge, plan.for_the_judge
    whose = "held back" if plan.evidence.on == HELD_OUT else "trained on"
    of = f" (captions: {len(plan.evidence.captions)}, of drawings {whose})" if judge else ""
    return (
        f"generate: {grids} pictures for the grids, {judge} for the judge{of} / "
        f"一覧用 {grids} 枚、判定用 {judge} 枚"
    )


@contextmanager
def painter_of(plan: Plan, webui: WebUI) -> Iterator[Callable[[], Painter]]:
    """Yield what makes the WebUI ready to draw; afterwards it has no LoRA of ours any more."""
    with ExitStack() as until_all_is_drawn:

        def painter() -> Painter:
            webui.refresh_loras()
            state = webui.state()
            state.check_model(plan.loras[-1], plan.drawing.checkpoint)
            state.check_names(plan.drawing.sampler, plan.drawing.scheduler)
            webui.hold_settings()
            one_each = {order.lora: order for order in plan.orders if order.lora}
            if one_each:
                lending = lent(webui, state, plan.loras, plan.drawing.lora_folder)
                until_all_is_drawn.enter_context(lending)
            for order in one_each.values():
                check_effect(webui, order)
            return webui.draw

        yield painter


def gallery_of(plan: Plan, album: Album) -> Gallery:
    """Return what the page shows: every picture, and what the tagger finds in it."""
    infotexts = {cell.order: album.infotext(cell.order) for cell in plan.cells}
    drawn = [album.path(order) for order in infotexts]
    seen = tags_in(drawn, plan.tagger, plan.trial.threshold, Kept("generate"))
    pictures = [
        Drawn(
            name=cell.name,
            prompt=cell.prompt,
            epoch=cell.epoch,
            weight=cell.weight,
            seed=cell.seed,
            infotext=infotexts[cell.order],
            found=frozenset(plan.expected[cell.prompt - 1]) & seen[album.path(cell.order)],
        )
        for cell in plan.cells
    ]
    return Gallery(
        name=plan.trial.name,
        trigger=plan.trial.triggers.common,
        prompts=plan.drawing.prompts,
        negative_prompt=plan.drawing.negative_prompt,
        epochs={lora.epoch: lora.number for lora in plan.loras},
        weights=plan.drawing.weights,
        seeds=plan.drawing.seeds,
        pictures=pictures,
        settings=in_common(list(infotexts.values())),
        subject=plan.subject,
        expected=plan.expected,
        japanese=plan.japanese,
        tagger=plan.tagger.origin,
        builtin=plan.tagger.is_builtin,
        threshold=plan.trial.threshold,
        papers=made_of(plan.loras[-1]),
    )


def publish(gallery: Gallery, plan: Plan, album: Album, places: Places, read: Seen) -> None:
    """Write pictures, a grid of every prompt, the page, the figures, and what the judge gets.

    Raises:
        Problem: what was read for them was changed since.
    """
    lora = plan.loras[-1].hash
    with (
        atomic_directory(places.output, OUTPUTS, read.look_again) as partial,
        atomic_directory(places.judging, FOR_THE_JUDGE, read.look_again) as judging,
    ):
        for each in plan.commissions:
            shutil.copyfile(album.path(each.order), judging / each.picture.name)
        write_evidence(judging, plan.evidence)
        images, grids = partial / "images", partial / "grids"
        images.mkdir()
        grids.mkdir()
        for cell in plan.cells:
            shutil.copyfile(album.path(cell.order), images / cell.name)
        for number, prompt in enumerate(gallery.prompts, start=1):
            pictures = [
                open_png(images / each.name) for each in plan.cells if each.prompt == number
            ]
            title = f"{gallery.name} [{lora[:8]}], prompt {number}: {prompt}"
            sheet(gallery, pictures, title).save(grids / f"{number:02d}.png")
        sizes = {cell.name: picture_size(images / cell.name) for cell in plan.cells}
        page = render(gallery, sizes)
        (partial / "index.html").write_text(page, encoding="utf-8", newline="\n")
    text = json.dumps({"lora": lora} | recall_figures(gallery), indent=1)
    write_atomically(places.metrics, f"{text}\n".encode())


def sheet(gallery: Gallery, pictures: list[Image.Image], title: str) -> Image.Image:
    """Return the grid of a prompt's pictures: a row for every epoch and seed."""
    columns = [f"weight {weight_text(weight)}" for weight in gallery.weights]
    labels = [label(gallery, *row) for row in product(gallery.epochs, gallery.seeds)]
    rows = [pictures[at : at + len(columns)] for at in range(0, len(pictures), len(columns))]
    return grid(rows, columns, labels, title)


def label(gallery: Gallery, epoch: str, seed: int) -> str:
    """Return what a grid calls a row."""
    number = gallery.epochs[epoch]
    shown = f"epoch {number}" if number else "epoch"
    return f"{shown} (last), seed {seed}" if epoch == LAST else f"{shown}, seed {seed}"


def open_png(path: Path) -> Image.Image:
    with Image.open(path, formats=("PNG",)) as picture:
        return picture.convert("RGB")


def is_kept(lora: Path) -> bool:
    """Return whether DVC's record beside the LoRAs is that of the LoRAs as they are."""
    lock = read_lock(lora.parent / "dvc.lock")
    return locked_md5(lock, lora.as_posix()) == dvc_md5(lora)


def from_flags(
    name: str,
    tag: str,
    subjects: list[tuple[str, str]],
    threshold: float,
    judge_captions: int,
    judge_seeds: list[int],
    **flags: Any,
) -> None:
    """Draw as the flags say."""
    first, *_ = choices_of(**{key: flags[key] for key in TAGGER.keys})
    triggers = triggers_of(tag, subjects)
    wish = Wish(judge_captions, judge_seeds)
    trial = Trial(name, triggers, threshold, first, filled(Drawing, flags), wish)
    generate(filled(Places, flags), trial)


def build_parser() -> Parser:
    parser = Parser(
        "stages.generate",
        __doc__,
        CAPTION.only("threshold"),
        ORGANIZE.only("name"),
        COMMON_TAG,
        TAGGER,
        GENERATE,
        JUDGE.only("captions", "seeds"),
    )
    parser.add_argument("--lora", type=Path, help="folder of the LoRAs")
    parser.add_argument("--captions", type=Path, help="folder of the final captions")
    parser.add_argument("--held-out", type=Path, help="folder of pairs that were never trained on")
    parser.add_argument("--dataset", type=Path, help="folder of the pairs that were")
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--dictionary", type=Path, help="folder of ja.csv")
    parser.add_argument("--output", type=Path, help="folder for pictures, grids and the page")
    parser.add_argument("--judging", type=Path, help="folder for what is drawn for the judge")
    parser.add_argument("--metrics", type=Path, help="json for the figures")
    parser.add_argument("--work", type=Path, help="folder for what is drawn; what is gone on from")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
