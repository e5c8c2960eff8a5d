"""Draw test pictures with the LoRA in a WebUI, and tell what the tagger finds in them again."""

import json
import os
import shutil
import sys
from contextlib import suppress
from itertools import product
from pathlib import Path

from PIL import Image

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.outputs import atomic_directory, locked, sha256, write_atomically
from stages.library.dataset.captions import caption_files, read_tags, underscored
from stages.library.dataset.dictionary import read_dictionary, translate
from stages.library.dataset.sizes import picture_size
from stages.library.drawing.gallery import Gallery, Picture, figures, render
from stages.library.drawing.grids import grid
from stages.library.drawing.loras import chosen, loras_of, made_of
from stages.library.drawing.orders import (
    Album,
    Cell,
    Order,
    Painter,
    cells,
    draw_missing,
    weight_text,
)
from stages.library.drawing.painters.infotext import settings
from stages.library.drawing.painters.lora_folder import lend, take_back
from stages.library.drawing.painters.webui import WebUI, check_effect, checkpoint_for
from stages.library.drawing.painters.webui_answers import LOGIN
from stages.library.drawing.subject import named, subject_tags
from stages.library.params.caption import CAPTION
from stages.library.params.common_tag import COMMON_TAG
from stages.library.params.generate import GENERATE, LAST
from stages.library.params.organize import ORGANIZE
from stages.library.params.tagger import TAGGER
from stages.library.tagging import tagger
from stages.library.tagging.looking import known_scores, look_at_all
from stages.library.tagging.scores import RATING, SCALE, Scores, write_scores
from stages.library.training.provenance import dvc_md5, locked_md5, read_lock

OTHERS = 500
"""Pictures of other grids that are kept, so that what was drawn once is not drawn again."""

OURS = r"index\.html|(images|grids)/[^/]+\.png"
"""Files of the output folder."""


def generate(
    lora: Path,
    captions: Path,
    dictionary: Path,
    output: Path,
    metrics: Path,
    work: Path,
    threshold: float,
    name: str,
    tag: str,
    model: str,
    revision: str,
    provider: str,
    url: str,
    remote: bool,
    lora_folder: str,
    checkpoint: str,
    prompts: list[str],
    weights: list[float],
    epochs: list[str],
    seeds: list[int],
    **rest: str | int | float,
) -> None:
    """Draw every prompt with every epoch, weight and seed; write pictures, grids and a page.

    Pictures are kept in `work` as they are drawn: a run goes on where one broke off. `rest` is
    what all of them have in common.

    Raises:
        Problem: something is missing, or wrong in params.yaml or at the WebUI.
        Problem: the WebUI fails, stops answering, or draws otherwise than asked.
    """
    check_lists(prompts=prompts, weights=weights, epochs=epochs, seeds=seeds)
    loras = chosen(loras_of(lora, name), epochs)
    prompts = [prompt.replace("{trigger}", tag) for prompt in prompts]
    eye = tagger.tagger_folder(model, revision)
    tags = [read_tags(path) for path in caption_files(captions)]
    subject = subject_tags(tags, tag, tags_of(eye))
    expected = [[each for each in subject if each not in named(prompt)] for prompt in prompts]
    words = read_dictionary(dictionary)
    webui = WebUI(url, remote, os.environ.get(LOGIN, ""))
    wanted = checkpoint_for(loras[-1], checkpoint, webui)
    table = cells(loras, prompts, weights, seeds, checkpoint=wanted, **rest)
    album = Album(work)

    lent: list[Path] = []

    def painter() -> Painter:
        webui.refresh_loras()
        state = webui.state()
        state.check_model(loras[-1], checkpoint)
        state.check_names(str(rest["sampler"]), str(rest["scheduler"]))
        webui.hold_settings()
        one_each = {cell.order.lora: cell.order for cell in table if cell.order.lora}
        if one_each and (folder := lend(webui, state, loras, lora_folder)):
            lent.append(folder)
        for order in one_each.values():
            check_effect(webui, order)
        return webui.draw

    with locked(work):
        try:
            draw_missing(table, album, painter)
        finally:
            for folder in lent:
                take_back(folder)
                with suppress(ValueError, RuntimeError):  # the WebUI may be gone by now
                    webui.refresh_loras()
        infotexts = {cell.order: album.infotext(cell.order) for cell in table}
        seen = look(eye, provider, album, list(infotexts), threshold)
        found = Gallery(
            name=name,
            trigger=tag,
            prompts=prompts,
            negative_prompt=str(rest["negative_prompt"]).strip(),
            epochs={each.epoch: each.number for each in loras},
            weights=weights,
            seeds=seeds,
            pictures=[
                Picture(
                    name=cell.name,
                    prompt=cell.prompt,
                    epoch=cell.epoch,
                    weight=cell.weight,
                    seed=cell.seed,
                    infotext=infotexts[cell.order],
                    found=frozenset(expected[cell.prompt - 1]) & seen[cell.order],
                )
                for cell in table
            ],
            settings=in_common(list(infotexts.values())),
            subject=subject,
            expected=expected,
            japanese={each: japanese for each in subject if (japanese := translate(each, words))},
            tagger=tagger.origin(model, eye),
            builtin=eye == tagger.BUILTIN,
            threshold=threshold,
            papers=made_of(loras[-1]),
        )
        write(found, table, album, output, loras[-1].hash[:8])
        figures_now = {"lora": loras[-1].hash} | figures(found)
        write_atomically(metrics, (json.dumps(figures_now, indent=1) + "\n").encode())
        album.keep((cell.order for cell in table), others=OTHERS)
    print(f"generate: {len(table)} pictures; open {output / 'index.html'} / ブラウザーで開けます")
    if not is_kept(lora):
        print(
            f"generate: warning: DVC does not keep {lora} as it is, and dvc exp would replace it "
            "by what it keeps; run: dvc commit -f training/dvc.yaml:train",
            file=sys.stderr,
        )


def is_kept(lora: Path) -> bool:
    """Return whether DVC's record beside the LoRAs is that of the LoRAs as they are."""
    lock = read_lock(lora.parent / "dvc.lock")
    return locked_md5(lock, lora.as_posix()) == dvc_md5(lora)


def check_lists(**lists: list[str] | list[float] | list[int]) -> None:
    """Raise Problem if a list is empty or holds something twice."""
    for key, values in lists.items():
        if not values:
            raise Problem(f"params.yaml, generate.{key}: is empty; write at least one")
        if twice := [value for value in values if values.count(value) > 1]:  # type: ignore[arg-type]
            raise Problem(f"params.yaml, generate.{key}: {twice[0]!r} is there twice; keep one")


def look(
    eye: Path, provider: str, album: Album, orders: list[Order], threshold: float
) -> dict[Order, set[str]]:
    """Return the tags that the tagger in the folder `eye` finds in every picture."""
    provider = tagger.choose_provider(provider, eye)
    tags, categories = tagger.read_tag_list(eye / tagger.FILES[1])
    fingerprint, cache = tagger.fingerprint(eye, provider), album.folder / "scores.npz"
    digests = {order: sha256(album.path(order)) for order in orders}
    found = known_scores(cache, fingerprint)
    todo = {digest: album.path(order) for order, digest in digests.items() if digest not in found}

    def save() -> None:
        kept = sorted(set(digests.values()) & found.keys())
        scores = [found[digest] for digest in kept]
        write_scores(cache, Scores(fingerprint, tags, categories, kept, kept, scores))

    if todo:
        look_at_all(tagger.load_tagger(eye, provider), todo, found, save)
    least = round(threshold * SCALE)
    return {
        order: {
            underscored(tags[index])
            for index, score in zip(*found[digest], strict=True)
            if score >= least
        }
        for order, digest in digests.items()
    }


def tags_of(eye: Path) -> set[str]:
    """Return the tags that a tagger can find, but for ratings."""
    tags, categories = tagger.read_tag_list(eye / tagger.FILES[1])
    return {underscored(tag) for tag, kind in zip(tags, categories, strict=True) if kind != RATING}


def in_common(infotexts: list[str]) -> dict[str, str]:
    """Return the settings that are the same in all pictures."""
    each = [settings(infotext) for infotext in infotexts]
    return {
        name: value
        for name, value in each[0].items()
        if all(other.get(name) == value for other in each)
    }


def write(found: Gallery, table: list[Cell], album: Album, output: Path, lora: str) -> None:
    """Write pictures, a grid of every prompt, and the page; `lora` is the finished one's hash."""
    labels = [label(found, *row) for row in product(found.epochs, found.seeds)]
    columns = [f"weight {weight_text(weight)}" for weight in found.weights]
    with atomic_directory(output, only=OURS) as partial:
        images, grids = partial / "images", partial / "grids"
        images.mkdir()
        grids.mkdir()
        for cell in table:
            shutil.copyfile(album.path(cell.order), images / cell.name)
        for number, prompt in enumerate(found.prompts, start=1):
            pictures = [open_png(images / cell.name) for cell in table if cell.prompt == number]
            rows = [
                pictures[at : at + len(columns)] for at in range(0, len(pictures), len(columns))
            ]
            title = f"{found.name} [{lora}], prompt {number}: {prompt}"
            grid(rows, columns, labels, title).save(grids / f"{number:02d}.png")
        sizes = {cell.name: picture_size(images / cell.name) for cell in table}
        page = render(found, sizes)
        (partial / "index.html").write_text(page, encoding="utf-8", newline="\n")


def label(found: Gallery, epoch: str, seed: int) -> str:
    """Return what a grid calls a row."""
    number = found.epochs[epoch]
    named = f"epoch {number}" if number else "epoch"
    return f"{named} (last), seed {seed}" if epoch == LAST else f"{named}, seed {seed}"


def open_png(path: Path) -> Image.Image:
    with Image.open(path, formats=("PNG",)) as picture:
        return picture.convert("RGB")


def build_parser() -> Parser:
    parser = Parser(
        "stages.generate",
        __doc__,
        CAPTION.only("threshold"),
        ORGANIZE.only("name"),
        COMMON_TAG,
        TAGGER,
        GENERATE,
    )
    parser.add_argument("--lora", type=Path, help="folder of the LoRAs")
    parser.add_argument("--captions", type=Path, help="folder of the final captions")
    parser.add_argument("--dictionary", type=Path, help="folder of ja.csv")
    parser.add_argument("--output", type=Path, help="folder for pictures, grids and the page")
    parser.add_argument("--metrics", type=Path, help="json for the figures")
    parser.add_argument("--work", type=Path, help="folder for what is drawn; what is gone on from")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), generate, argv)


if __name__ == "__main__":
    sys.exit(main())
