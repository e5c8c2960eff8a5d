"""What is to be said of a file of the input folder: codes with values, and the words for them.

The manifest keeps the codes; words are made where somebody reads them.
"""

import shlex
import string
from collections.abc import Iterable
from dataclasses import dataclass

from stages.library.common.errors import Problem
from stages.library.common.language import Language, in_language
from stages.library.dataset.manifest import Row, shown

REASONS = {
    "broken_link": ("is a broken link", "リンク先がありません"),
    "link_out": (
        "is a link that leads out of the folder; put the file itself there, or set "
        "prepare.follow_links: true in params.yaml",
        "フォルダーの外へのリンクです。ファイルそのものを入れるか、params.yaml の "
        "prepare.follow_links を true にしてください",
    ),
    "folder": (
        "is a folder; only files directly in the input folder are read, and those in its folders "
        "named REPEATS_SUBJECT, as 10_nasu",
        "フォルダーです(中の絵は読みません)。読むのは、直下の絵と、10_nasu のような"
        "「繰り返し_題材」という名前のフォルダーの絵です",
    ),
    "no_drawings": (
        "is a folder for a subject's drawings, with nothing in it",
        "題材のフォルダーですが、絵が入っていません",
    ),
    "not_regular": ("is no regular file", "ふつうのファイルではありません"),
    "in_icloud": (
        "is still in iCloud, only its name is here; in the Finder, right-click {name} and choose "
        "Download Now",
        "まだ iCloud にあり、ここには名前しかありません。Finder で {name} を右クリックし、"
        "「今すぐダウンロード」を選んでください",
    ),
    "backup": (
        "is a copy that an editor keeps of another file",
        "編集ソフトが残したバックアップです",
    ),
    "programs_own": (
        "is a file of {program}'s own ({ending}); export it from there as PNG, and put that here",
        "{program} のファイル({ending})です。PNG に書き出して、それを入れてください",
    ),
    "vector": (
        "is a vector drawing ({ending}); export it as PNG from the program that made it, or from "
        "Inkscape, at least at the size of training",
        "ベクター画像({ending})です。作ったソフトか Inkscape で、学習サイズ以上の PNG に"
        "書き出してください",
    ),
    "other_picture": (
        "is a picture of a kind that is not read here ({ending}); open it in a drawing program, "
        "and export it as PNG",
        "ここでは読めない形式({ending})の絵です。お絵かきソフトで開き、PNG に書き出してください",
    ),
    "camera_raw": (
        "is a camera's raw file ({ending}); develop it, and export it as PNG or JPEG",
        "カメラの RAW ファイル({ending})です。現像して、PNG か JPEG に書き出してください",
    ),
    "film": (
        "is a film ({ending}); export the frame that you mean as PNG",
        "動画({ending})です。使いたいコマを PNG に書き出してください",
    ),
    "archive": (
        "is an archive ({ending}); unpack it, and put the pictures here",
        "圧縮ファイル({ending})です。展開して、中の絵を入れてください",
    ),
    "caption": (
        "is a text; if it holds a drawing's tags, take them once the dataset is there: "
        "python -m tools.corrections import data/raw (or where it is)",
        "テキストです。絵のタグなら、データセットができたあとに "
        "python -m tools.corrections import data/raw (絵のフォルダー)で取り込めます",
    ),
    "unfinished": (
        "is a download that did not finish; download it again",
        "ダウンロードが終わっていません。ダウンロードし直してください",
    ),
    "shortcut": (
        "is only a shortcut to something elsewhere ({ending}); put the picture itself here",
        "ショートカット({ending})です。絵そのものを入れてください",
    ),
    "other_ending": ("is no picture file ({ending})", "絵のファイルではありません({ending})"),
    "no_ending": (
        "is no picture file (no file ending)",
        "絵のファイルではありません(拡張子がありません)",
    ),
    "empty": ("is empty (0 bytes)", "空のファイルです"),
    "no_picture": ("is no picture, or a damaged one", "絵ではないか、壊れています"),
    "damaged": ("is damaged: {why}", "壊れています({why})"),
    "too_many_bytes": (
        "is a file of {megabytes} MB, more than {most}; save it as PNG",
        "{megabytes} MB のファイルです({most} MB まで)。PNG で保存し直してください",
    ),
    "too_many_pixels": (
        "{width}x{height} is more than {megapixels} megapixels; save a smaller copy",
        "{width}×{height} は {megapixels} メガピクセルを超えています。"
        "小さくして保存し直してください",
    ),
    "too_small": (
        "{width}x{height} is too small; no side may be under {least} px",
        "{width}×{height} は小さすぎます(どの辺も {least} px 以上必要)",
    ),
    "short_side": (
        "its short side is {side} px, too small for {size} px (least: {least})",
        "短い辺が {side} px しかなく、{size} px にできません({least} px 以上必要)",
    ),
    "colour_mode": (
        "colour mode {mode} can't be used; save it as 8-bit RGB",
        "カラーモード {mode} は使えません。8 ビット RGB で保存し直してください",
    ),
    "one_colour": (
        "comes out as one plain colour, as white lines on transparency do, which is laid on white; "
        "put a coloured layer under them, or take it out",
        "一色だけの絵になります(透明な部分は白になるので、白い線も見えません)。"
        "下に色のレイヤーを敷くか、フォルダーから出してください",
    ),
    "empty_middle": (
        "its middle is one plain colour, and the rest is cut off; crop it yourself, or set "
        "prepare.fit: subject or bucket in params.yaml",
        "真ん中が一色だけで、ほかは切り落とされます。自分で切り抜くか、"
        "params.yaml の prepare.fit を subject か bucket にしてください",
    ),
    "empty_part": (
        "what crop and hide in data/drawings.yaml leave of it is one plain colour; change them "
        "there",
        "data/drawings.yaml の crop と hide で残る部分が一色だけです。指定を直してください",
    ),
    "all_hidden": (
        "hide in data/drawings.yaml covers all that would be seen of it; hide less of it",
        "data/drawings.yaml の hide が絵の全体をおおっています。範囲をせまくしてください",
    ),
    "small_crop": (
        "the short side of its crop in data/drawings.yaml is {side} px, too small for {size} px "
        "(least: {least}); write a larger one",
        "data/drawings.yaml の crop の短い辺が {side} px しかなく、{size} px にできません"
        "({least} px 以上必要)。もっと広く切り抜いてください",
    ),
    "empty_frame": (
        "the first of its {frames} frames, the only one that is used, is one plain colour; save "
        "the frame that you mean as PNG",
        "{frames} コマの最初のコマだけを使いますが、一色だけです。使いたいコマを PNG で"
        "保存してください",
    ),
    "same_bytes": ("has the same bytes as {name}", "{name} と同じファイルです"),
}
"""Why a file can't be used: every code, in English and in Japanese."""

REMARKS = {
    "upscaled": ("upscaled from {width}x{height}", "{width}×{height} から拡大"),
    "colours_converted": (
        "colours converted from {profile} to sRGB",
        "色を {profile} から sRGB に変換",
    ),
    "unnamed_converted": (
        "colours converted from an unnamed profile to sRGB",
        "色を名前のないプロファイルから sRGB に変換",
    ),
    "profile_unreadable": (
        "colour profile unreadable, colours taken as sRGB",
        "カラープロファイルが読めず、sRGB とみなしました",
    ),
    "first_frame": (
        "is the first of {frames} frames, the others are not used",
        "{frames} コマのうち最初のコマだけを使います",
    ),
    "first_page": (
        "is page 1 of {pages}, the others are not used",
        "{pages} ページのうち 1 ページ目だけを使います",
    ),
    "nearly_empty": (
        "is nearly one plain colour; take it out if there should be more in it",
        "ほとんど一色です。もっと描いてあるはずの絵なら、フォルダーから出してください",
    ),
    "cropped": (
        "cropped as data/drawings.yaml says",
        "data/drawings.yaml の指定で切り抜き",
    ),
    "to_subject": (
        "the square is not in the middle but on the subject: it holds {share} % of it, the middle "
        "{middle} %",
        "真ん中ではなく、描かれたものに合わせて切り抜き({share} % が入る。真ん中では {middle} %)",
    ),
    "to_heads": (
        "the square is not in the middle but where the heads are",
        "真ん中ではなく、頭に合わせて切り抜き",
    ),
    "filled": (
        "hidden as data/drawings.yaml says, and filled from around: {parts}",
        "data/drawings.yaml の指定で、まわりの色で塗りつぶし: {parts} か所",
    ),
    "masked": (
        "hidden as data/drawings.yaml says, and transparent: {parts}",
        "data/drawings.yaml の指定で、透明に: {parts} か所",
    ),
    "same_name": (
        "is called as {name} is, but for small and capital letters; a Mac's or Windows' disk holds "
        "only one of the two, so rename one",
        "{name} と大文字・小文字などの違いしかありません。Mac や Windows のディスクには片方しか"
        "置けないので、どちらかの名前を変えてください",
    ),
    "looks_like": ("looks like {name}", "{name} によく似ています"),
}
"""What is worth knowing of a drawing that is used, likewise."""

WORDS = REASONS | REMARKS


@dataclass(frozen=True)
class Note:
    """A code of `WORDS`, and exactly the values that its words have room for."""

    code: str
    values: dict[str, str]

    def __post_init__(self) -> None:
        if self.code not in WORDS or set(self.values) != names(WORDS[self.code][0]):
            raise ValueError(f"{self.code} with {sorted(self.values)} is no note")


def names(words: str) -> set[str]:
    """Return the names of the values that words have room for.

    >>> sorted(names("{width}x{height} is too small"))
    ['height', 'width']
    """
    return {name for _, name, _, _ in string.Formatter().parse(words) if name}


def note(code: str, /, **values: object) -> Note:
    """Return a note; its values become text that UTF-8 can hold, as the manifest's names do."""
    return Note(
        code,
        {
            name: str(value).encode("utf-8", errors="backslashreplace").decode()
            for name, value in values.items()
        },
    )


def say(note: Note, language: Language = "en") -> str:
    """Return the words for a note, on one line whatever its values hold.

    >>> say(note("same_bytes", name="なす.png")), say(note("same_bytes", name="なす.png"), "ja")
    ('has the same bytes as なす.png', 'なす.png と同じファイルです')
    """
    values = {name: shown(value) for name, value in note.values.items()}
    return in_language(language, *WORDS[note.code]).format_map(values)


def cell(notes: Iterable[Note]) -> str:
    """Return notes as the manifest has them, quoted as in a shell: codes, no words.

    >>> cell([note("upscaled", width=300, height=400), note("looks_like", name="a; b.png")])
    "upscaled width=300 height=400; looks_like name='a; b.png'"
    """
    return "; ".join(
        " ".join(
            [note.code, *(f"{name}={shlex.quote(text)}" for name, text in note.values.items())]
        )
        for note in notes
    )


def read_cell(text: str) -> list[Note]:
    """Return what `cell` wrote.

    Raises:
        ValueError: it did not write that.
    """
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";")
    lexer.whitespace_split = True
    lexer.commenters = ""
    parts: list[list[str]] = [[]]
    for word in lexer:
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    if parts == [[]]:
        return []
    return [
        note(" ".join(part[:1]), **dict(word.split("=", 1) for word in part[1:])) for part in parts
    ]


def notes_of(row: Row) -> list[Note]:
    """Return the notes of a manifest's row.

    Raises:
        Problem: they are another version's.
    """
    try:
        return read_cell(row.reason)
    except ValueError:
        raise Problem(
            f"the manifest's row of {shown(row.source)}: {shown(row.reason)} has no code that is "
            "known, it may be an older version's; run dvc repro"
        ) from None
