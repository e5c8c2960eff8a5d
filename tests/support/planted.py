"""A dataset, LoRAs and drawn pictures with a planted truth, for tests of the judge."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stages.library.dataset.manifest import USED, Row, read_manifest, used, write_manifest
from stages.library.drawing.judging.captions import chosen, source
from stages.library.drawing.judging.commissions import commissions
from stages.library.drawing.judging.evidence import Evidence, write_evidence
from stages.library.drawing.loras import loras_of
from tests.standins.webui.planted import Painter, Truth, chance_of, drawing
from tests.support.orders import CHECKPOINT, DRAWING
from tests.support.training import write_lora

NAME, TRIGGER = "nasu", "nasumiso_style"
SIZE = (64, 64)
EPOCHS, WEIGHTS, SEEDS = (2, 4, 6, 8, 10), (0.6, 0.8, 1.0), (1, 2)
WORDS = 24
"""Words that captions are made of."""


def plant_dataset(root: Path, truth: Truth, trained: int, held_out: int) -> None:
    """Write data/dataset, data/held_out and the manifest, as the stages before do."""
    rows = []
    for number in range(1, trained + held_out + 1):
        folder = (
            root / "data" / (f"dataset/10_{NAME}" if number <= trained else f"held_out/1_{NAME}")
        )
        folder.mkdir(parents=True, exist_ok=True)
        stem, words = f"img{number:03d}", caption(truth, number)
        drawing(truth, words, number, SIZE).save(folder / f"{stem}.png")
        (folder / f"{stem}.txt").write_text(f"{TRIGGER}, {words}\n", encoding="utf-8")
        digest = f"{int(chance_of('drawing', truth.world, number).integers(2**62)):064x}"
        rows.append(Row(f"{stem}.png", f"{stem}.webp", digest, *SIZE, USED, ""))
    (root / "data" / "held_out").mkdir(exist_ok=True)
    write_manifest(root / "data" / "manifest.csv", rows)


def caption(truth: Truth, number: int) -> str:
    """Return what a drawing shows, in a few words of which others have some, too."""
    words = chance_of("words", truth.world, number).choice(WORDS, 4, replace=False)
    return ", ".join([*(f"thing_{word}" for word in sorted(words)), f"drawing_{number}"])


def plant_loras(root: Path, epochs: Sequence[int] = EPOCHS) -> None:
    """Write the LoRAs of some epochs; the last is the finished one."""
    for epoch in epochs:
        stem = NAME if epoch == epochs[-1] else f"{NAME}-{epoch:06d}"
        path = root / "training" / "lora" / f"{stem}.safetensors"
        write_lora(path, ss_output_name=NAME, ss_epoch=str(epoch))


def painter_of(root: Path, truth: Truth) -> Painter:
    """Return the one who draws for the LoRAs of a planted dataset."""
    return Painter(truth, TRIGGER, tuple(sorted((root / "data" / "dataset").glob("*/*.png"))))


def plant_pictures(
    root: Path,
    truth: Truth,
    captions: int = 12,
    epochs: Sequence[int] = EPOCHS,
    weights: Sequence[float] = WEIGHTS,
    seeds: Sequence[int] = SEEDS,
) -> Evidence:
    """Write LoRAs, and what generate would draw of them for the judge, but without a WebUI."""
    plant_loras(root, epochs)
    painter, folder = painter_of(root, truth), root / "training" / "judging"
    on, folders = source(root / "data" / "held_out", root / "data" / "dataset")
    rows = used(read_manifest(root / "data" / "manifest.csv"))
    asked = chosen(folders, rows, [TRIGGER], captions)
    loras = loras_of(root / "training" / "lora", NAME)
    drawing = replace(DRAWING, weights=list(weights))
    ordered = commissions(asked, drawing, loras, seeds, CHECKPOINT, [TRIGGER])
    folder.mkdir(parents=True)
    for each in ordered:
        picture, order = each.picture, each.order
        painter.picture(order.prompt, order.seed, SIZE, picture.epoch, picture.weight).save(
            folder / picture.name, compress_level=1
        )
    evidence = Evidence(on, loras[-1].hash, asked, [each.picture for each in ordered])
    write_evidence(folder, evidence)
    return evidence
