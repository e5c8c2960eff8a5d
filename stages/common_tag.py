"""Put the trigger tag first in every caption."""

import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.outputs import atomic_directory
from stages.library.common.values import did_you_mean
from stages.library.dataset.captions import (
    caption_files,
    each_line,
    read_text,
    with_trigger,
    write_text,
)
from stages.library.dataset.dictionary import read_words, translate
from stages.library.dataset.manifest import read_manifest, used
from stages.library.dataset.manual_edits import guarded_directory
from stages.library.dataset.subjects import Triggers, subject_of, triggers_of
from stages.library.dataset.written import write_written, written_for
from stages.library.params.common_tag import COMMON_TAG
from stages.library.tagging.tokens import tokens


def advice(trigger: str, words: dict[str, str]) -> list[str]:
    """Return warnings of a trigger that can't call up a LoRA alone; `words` are the known tags'."""
    warnings = []
    if japanese := translate(trigger, words):
        warnings.append(
            f"the trigger {trigger!r} is a tag that models know already ({japanese}): it calls "
            "that up, too, and the LoRA changes what it means; write a word of your own into "
            "common_tag in params.yaml / トリガーワードが、モデルのすでに知っているタグです。"
            "ほかにない言葉にしてください"
        )
    if not trigger.isascii():
        warnings.append(
            f"the trigger {trigger!r} is up to {tokens([trigger])} tokens to the text encoder, "
            "which reads little but English; a word in Latin letters, as nasumiso, is learned "
            "better / トリガーワードは、半角の英字のほうがよく学習されます"
        )
    return warnings


def unknown_subjects(triggers: Triggers, sources: list[str]) -> list[str]:
    """Return warnings of subjects that have a trigger and no drawing."""
    there = {subject.name for source in sources if (subject := subject_of(source))}
    return [
        f"common_tag.subjects: no drawing is in a folder REPEATS_{name}; "
        f"{did_you_mean(name, there, 'make one, or take it out')} / "
        "その題材のフォルダーがありません"
        for name in triggers.subjects
        if name not in there
    ]


def common_tag(
    input: Path,
    output: Path,
    triggers: Triggers,
    manifest: Path | None,
    written: Path | None,
    dictionary: Path | None,
    exclude_jp: bool,
) -> None:
    """Write every caption of `input`, its trigger first on every line, to the folder `output`.

    With a `manifest` drawings have the trigger of their subject; with the record `written`, too,
    captions in `output` that were changed by hand stop the stage. With a `dictionary` it warns of a
    trigger that is a tag already.

    Raises:
        Problem: `input` holds no captions, or `output` holds changes made by hand.
    """
    rows = used(read_manifest(manifest)) if manifest else {}
    texts, put = {}, Counter[str]()
    for path in caption_files(input, exclude_jp, ours=written is not None):
        row = rows.get(path.stem)
        tag = triggers.of(row.source) if row else triggers.common
        texts[path.stem] = each_line(read_text(path), partial(with_trigger, trigger=tag))
        put[tag] += 1
    coming = {stem: written_for(rows.get(stem), text) for stem, text in texts.items()}
    only = r"[^/]+\.txt"
    with (
        guarded_directory(output, only, written, coming)
        if written
        else atomic_directory(output, only)
    ) as new:
        for stem, text in texts.items():
            write_text(new / f"{stem}.txt", text)
    if written:
        write_written(written, coming)
    for tag in sorted(put, key=triggers.all.index):
        print(f"common-tag: {tag} put first in {put[tag]} captions")
    words = read_words(dictionary) if dictionary else {}
    warnings = [warning for tag in triggers.all for warning in advice(tag, words)]
    if triggers.common not in put:
        warnings.append(
            f"the trigger {triggers.common!r} stands in no caption, since every drawing has its "
            "subject's: {trigger} in lora.sample_prompts and generate.prompts calls nothing up; "
            "write a subject's trigger there / 共通のトリガーワードはどのキャプションにも"
            "入っていません。プロンプトの {trigger} を題材のトリガーワードに書き換えてください"
        )
    if manifest:
        warnings += unknown_subjects(triggers, [row.source for row in rows.values()])
    for warning in warnings:
        print(f"common-tag: warning: {warning}", file=sys.stderr)


def from_flags(tag: str, subjects: list[tuple[str, str]], **flags: Any) -> None:
    """Put the triggers first as the flags say."""
    common_tag(triggers=triggers_of(tag, subjects), **flags)


def build_parser() -> Parser:
    parser = Parser("stages.common_tag", __doc__, COMMON_TAG)
    parser.add_argument("--input", type=Path, help="folder of captions")
    parser.add_argument("--output", type=Path, help="folder for the captions with the trigger")
    parser.add_argument(
        "--manifest", type=Path, default=None, help="csv that tells which picture is which"
    )
    parser.add_argument(
        "--written", type=Path, default=None, help="record of what was written to --output"
    )
    parser.add_argument(
        "--dictionary", type=Path, default=None, help="csv of the tags that models know"
    )
    parser.add_argument(
        "--exclude-jp", action="store_true", default=False, help="leave out files named *_jp.txt"
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), from_flags, argv)


if __name__ == "__main__":
    sys.exit(main())
