"""Captions once more in Japanese; what the dictionary lacks stays English and is counted."""

from pathlib import Path

import pytest

from stages import jp_tags
from stages.jp_tags import japanese_of, main, untranslated
from stages.library.dataset.dictionary import read_dictionary
from tests.support.meanwhile import meanwhile, write

WORDS = "tag,ja\n1girl,女の子1人\nsolo,単独\nlong_hair,長い髪\n"


class Folder:
    """Captions and a dictionary, and the stage run on them."""

    def __init__(self, folder: Path, words: str = WORDS, **captions: str) -> None:
        self.folder = folder
        for name in ("tagged", "dictionary"):
            (folder / name).mkdir()
        (folder / "dictionary" / "ja.csv").write_text(words, encoding="utf-8")
        for stem, text in captions.items():
            (folder / "tagged" / f"{stem}.txt").write_text(f"{text}\n", encoding="utf-8")

    def run(self, *more: str) -> int:
        pairs = [f"--input={self.folder / 'tagged'}", f"--dictionary={self.folder / 'dictionary'}"]
        written = f"--written={self.folder / 'jp.json'}"
        return main([*pairs, written, *(more or [f"--output={self.folder / 'jp'}"])])

    def texts(self) -> dict[str, str]:
        return {
            path.name: path.read_text(encoding="utf-8") for path in (self.folder / "jp").iterdir()
        }


def test_every_caption_gets_its_japanese_one(tmp_path: Path) -> None:
    folder = Folder(tmp_path, img001="nasu, 1girl, long hair", img002="nasu, solo")
    assert folder.run() == 0
    assert folder.texts() == {
        "img001_jp.txt": "nasu, 女の子1人, 長い髪\n",
        "img002_jp.txt": "nasu, 単独\n",
    }


def test_a_sentence_below_the_tags_stays_as_it_is_and_is_no_missing_tag(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, img001="nasu, solo\nnasu, She sits,and waits.")
    assert folder.run() == 0
    assert folder.texts() == {"img001_jp.txt": "nasu, 単独\nnasu, She sits,and waits.\n"}
    assert "1 of 1 different tags have a Japanese word" in capsys.readouterr().out


def test_what_the_dictionary_lacks_stays_english_as_it_was(tmp_path: Path) -> None:
    folder = Folder(tmp_path, img001="nasu, Zork_qux, zork qux2, ^_^, <o>_<o>")
    assert folder.run() == 0
    assert folder.texts() == {"img001_jp.txt": "nasu, Zork_qux, zork qux2, ^_^, <o>_<o>\n"}


def test_the_trigger_is_not_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Folder(tmp_path, img001="nasu, 1girl, zork", img002="nasu, zork, quux").run()
    out = capsys.readouterr().out
    assert "jp-tags: 1 of 3 different tags have a Japanese word\n" in out
    assert "still English: zork (2), quux (1)\n" in out
    assert "nasu" not in out


def test_all_known_nothing_still_english(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Folder(tmp_path, img001="nasu, 1girl", img002="nasu, solo").run()
    assert capsys.readouterr().out == "jp-tags: 2 of 2 different tags have a Japanese word\n"


def test_a_trigger_with_a_japanese_word_counts_as_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Folder(tmp_path, img001="solo, 1girl", img002="solo").run()
    assert "2 of 2 different tags" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("captions", "counted"),
    [
        ([["nasu", "zork"], ["nasu"]], {"zork": 1}),
        ([["nasu", "zork"], ["zork", "nasu"]], {"nasu": 2, "zork": 2}),
        ([["nasu"], []], {"nasu": 1}),
        ([[], []], {}),
        ([["nasu", "zork", "quux"], ["nasu", "zork"]], {"zork": 2, "quux": 1}),
    ],
)
def test_a_trigger_is_what_begins_every_caption(
    captions: list[list[str]], counted: dict[str, int]
) -> None:
    assert untranslated(captions, japanese_of(captions, {})) == list(counted.items())


def test_only_ten_are_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tags = [f"zork{letter}" for letter in "abcdefghijk"]
    Folder(tmp_path, img001=", ".join(["nasu", *tags])).run()
    assert capsys.readouterr().out.endswith("zorkj (1) …\n")


# --missing


def test_missing_prints_a_dictionary_to_fill_in_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, img001="nasu, zork, 1girl, quux", img002="nasu, quux")
    assert folder.run("--missing") == 0
    assert capsys.readouterr().out == "tag,ja\nquux,\nzork,\n"
    assert not (tmp_path / "jp").exists()


@pytest.mark.parametrize(
    "tags",
    [
        "zork",
        "long_zork, long zork, LONG ZORK",
        '"zork"',
        'zork "x"',
        "zork's, #zork, -zork",
        "ゾーク",
    ],
)
def test_filled_in_it_is_a_dictionary(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], tags: str
) -> None:
    folder = Folder(tmp_path, img001=f"nasu, {tags}")
    folder.run("--missing")
    printed = capsys.readouterr().out
    filled = "".join(
        line + ("日本語" if line.endswith(",") else "") + "\n" for line in printed.splitlines()
    )
    (tmp_path / "dictionary" / "mine.csv").write_text(filled, encoding="utf-8")
    assert len(read_dictionary(tmp_path / "dictionary")) > 3
    folder.run("--missing")
    assert capsys.readouterr().out == "tag,ja\n"
    assert folder.run() == 0
    count = len(tags.split(", "))
    assert folder.texts()["img001_jp.txt"] == f"nasu{', 日本語' * count}\n"


def test_missing_works_with_nothing_else_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "data").mkdir()
    Folder(tmp_path / "data", img001="nasu, zork")
    monkeypatch.chdir(tmp_path)
    assert main(["--missing"]) == 0
    assert capsys.readouterr().out == "tag,ja\nzork,\n"


def test_without_output_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = Folder(tmp_path, img001="nasu")
    assert main([f"--input={tmp_path / 'tagged'}", f"--dictionary={tmp_path / 'dictionary'}"]) == 1
    assert capsys.readouterr().err == "jp_tags: error: --output: it has no value; write one\n"
    assert folder.run() == 0


@pytest.mark.parametrize("broken", ["tag\nx\n", "tag,ja\nx,\n", "tag,ja\n,x\n"])
def test_a_broken_dictionary_is_one_line_and_nothing_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], broken: str
) -> None:
    folder = Folder(tmp_path, img001="nasu, solo")
    (tmp_path / "dictionary" / "mine.csv").write_text(broken, encoding="utf-8")
    assert folder.run() == 1
    error = capsys.readouterr().err
    assert "mine.csv, line" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "jp").exists()


def test_the_english_captions_are_never_the_output(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Folder(tmp_path, img001="nasu, solo")
    assert folder.run(f"--output={tmp_path / 'tagged'}") == 1
    assert "img001.txt: this stage did not write it" in capsys.readouterr().err
    assert (tmp_path / "tagged" / "img001.txt").read_text() == "nasu, solo\n"


def test_words_added_meanwhile_are_not_passed_over(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Folder(tmp_path, img001="nasu, 1girl")
    assert folder.run() == 0
    mine = tmp_path / "dictionary" / "mine.csv"
    with monkeypatch.context() as patch:
        meanwhile(patch, jp_tags, "japanese_of", write(mine, "tag,ja\n1girl,少女\n"))
        assert folder.run() == 1
    error = capsys.readouterr().err
    assert error.startswith(f"jp_tags: error: {mine}: changed while this was running; run the same")
    assert folder.texts() == {"img001_jp.txt": "nasu, 女の子1人\n"}

    assert folder.run() == 0
    assert folder.texts() == {"img001_jp.txt": "nasu, 少女\n"}
