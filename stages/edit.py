"""Apply the artist's corrections to the captions."""

import sys
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.unchanged import seen
from stages.library.dataset.captions import caption_files, join, read_tags, spaced
from stages.library.dataset.edits import Edit, corrected, idle, matched
from stages.library.dataset.edits_file import read_edits, told_copies
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import write_between


def out_of_style(captions: list[list[str]], corrections: list[Edit]) -> list[str]:
    """Return the added tags whose underscores do not fit captions written with spaces.

    They are written as the artist wrote them all the same. The tagger's own tags have no spaces,
    so that one space tells how the captions are written.

    >>> out_of_style([["1girl", "long hair"]], [Edit("a.png", add=["blue_eyes", "^_^"])])
    ['blue_eyes']
    """
    if not any(" " in tag for tags in captions for tag in tags):
        return []
    return [tag for correction in corrections for tag in correction.add if spaced(tag) != tag]


def edit(input: Path, edits: Path, manifest: Path, output: Path, written: Path) -> None:
    """Write the captions of `input`, corrected as `edits` says, to the folder `output`.

    Raises:
        Problem: `edits` is not as it should be, or `input` holds no captions.
        Problem: `edits` was changed meanwhile, or a caption in `output` by hand.
    """
    read = seen(edits)
    captions = {path.stem: read_tags(path) for path in caption_files(input)}
    corrections, remarks = matched(read_edits(edits), used(read_manifest(manifest)).values())
    by_stem = {Path(image).stem: correction for image, correction in corrections.items()}
    texts = {}
    for stem, tags in captions.items():
        text = join(tags)
        if correction := by_stem.get(stem):
            remarks += [f"{stem}: {remark}" for remark in idle(tags, correction)]
            if correction.lists and "\n" in correction.caption:
                remarks.append(f"{stem}: the lines of its caption became one, since tags changed")
            text = corrected(tags, correction)
        texts[stem] = f"{text}\n"
    write_between(output, r"[^/]+\.txt", written, texts, read.look_again)
    if tags := out_of_style(list(captions.values()), list(by_stem.values())):
        remarks.append(f"captions have spaces, added tags have underscores: {', '.join(tags)}")
    remarks += told_copies(edits)
    print(f"edit: corrections to {len(by_stem)} of {len(captions)} pictures applied")
    for remark in remarks:
        print(f"  {remark}")


def build_parser() -> Parser:
    parser = Parser("stages.edit", __doc__)
    parser.add_argument("--input", type=Path, help="folder of captions")
    parser.add_argument("--edits", type=Path, help="file of corrections (.yaml)")
    parser.add_argument("--manifest", type=Path, help="csv that tells which picture is which")
    parser.add_argument("--output", type=Path, help="folder for the corrected captions")
    parser.add_argument("--written", type=Path, help="record of what was written to --output")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), edit, argv)


if __name__ == "__main__":
    sys.exit(main())
