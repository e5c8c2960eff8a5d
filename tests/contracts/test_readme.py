"""READMEs and docs: both languages say the same, and what they name is there."""

import re

import pytest

from tests.conftest import REST
from tests.support.clones import PROJECT
from tests.support.pages import ENGLISH, TRANSLATED, blocks, commands, japanese, text_of

PAGES = sorted({*ENGLISH, *map(japanese, TRANSLATED)})

README_BYTES = 10_000
PICTURE_BYTES = 200_000

each_page = pytest.mark.parametrize("page", PAGES)
each_translated = pytest.mark.parametrize("page", TRANSLATED)


def shape(text: str) -> list[str]:
    """Return the signs at the beginnings of lines: headings, tables, lists, code, pictures."""
    return re.findall(r"^ *(#+ |\||\d\. |- |```\w*|\[?!\[)", text, flags=re.MULTILINE)


def test_every_page_is_there_in_both_languages() -> None:
    there = {path.relative_to(PROJECT).as_posix() for path in (PROJECT / "docs").glob("*.md")}
    assert {"README.md", "README.ja.md", *there} == set(PAGES)


@each_translated
def test_both_languages_have_the_same_commands_and_the_same_shape(page: str) -> None:
    english, other = text_of(page), text_of(japanese(page))
    assert commands(english) == commands(other)
    assert shape(english) == shape(other)


@each_page
def test_commands_can_be_pasted(page: str) -> None:
    """A Mac's shell, zsh, knows no comments where a person types: `#` is a word to it."""
    assert [command for command in commands(text_of(page)) if "#" in command] == []


@each_translated
def test_both_languages_name_the_same_files_and_values(page: str) -> None:
    english, other = (set(re.findall(r"`([^`\n]+)`", text_of(p))) for p in (page, japanese(page)))
    assert english == other


@each_translated
def test_a_page_leads_to_its_translation_and_the_other_pages_in_its_language(page: str) -> None:
    english, other = text_of(page), text_of(japanese(page))
    links = r"\]\((?!http)([^)]+\.md)\)"
    there = [target.replace(".ja.md", ".md") for target in re.findall(links, english)]
    back = [target.replace(".ja.md", ".md") for target in re.findall(links, other)]
    assert there[0] == back[0]
    assert set(there) == set(back)
    for target in re.findall(links, other)[1:]:
        assert target.endswith(".ja.md") or target.endswith("architecture.md")


def test_the_readme_leads_to_every_page() -> None:
    readme = text_of("README.md")
    assert [page for page in ENGLISH[1:] if f"]({page})" not in readme] == []


@pytest.mark.parametrize("page", ["README.md", "README.ja.md"])
def test_a_readme_is_one_page(page: str) -> None:
    assert (PROJECT / page).stat().st_size <= README_BYTES


def test_pictures_are_small() -> None:
    for picture in (PROJECT / "docs" / "images").iterdir():
        assert picture.stat().st_size <= PICTURE_BYTES, picture


def test_the_checks_run_the_readme_s_test_command() -> None:
    command = next(line for line in commands(text_of("README.md")) if line.endswith("pytest"))
    run = (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert command in run
    assert f'pytest -m "{REST}"' in run  # what it leaves out


def test_the_first_command_is_the_one_that_makes_a_dataset() -> None:
    first = commands(text_of("README.md"))[0]
    assert first.endswith("pip install -r requirements.txt && dvc repro")


@each_page
def test_files_that_a_page_names_are_there(page: str) -> None:
    text = text_of(page)
    for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
        assert ((PROJECT / page).parent / target).is_file(), target
    for module in re.findall(r"python -m ((?:stages|tools|tests)\.[\w.]*\w)", text):
        path = PROJECT / module.replace(".", "/")
        runs = path.with_suffix(".py"), path / "__main__.py"
        assert any(each.is_file() for each in runs), module


def test_messages_lead_to_pages_that_are_there() -> None:
    sources = [path for top in ("stages", "tools") for path in (PROJECT / top).rglob("*.py")]
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (*sources, PROJECT / "training" / "requirements.txt")
    )
    assert "README" not in re.sub(r"sd-scripts' README", "", text)
    named = set(re.findall(r"(?<!/)docs/[\w.-]+\.md", text)) - {
        "docs/train_network.md"
    }  # sd-scripts'
    assert {"docs/train.md", "docs/drive.md"} <= named <= set(PAGES)


@pytest.mark.parametrize(
    ("page", "new_clone"),
    [
        ("docs/drive.md", "## In a new clone\n\nFirst give the commands"),
        ("docs/drive.ja.md", "## 新しい clone では\n\n先に"),
    ],
)
def test_docs_check_the_remote_that_was_just_set_up_and_push_with_care(
    page: str, new_clone: str
) -> None:
    text = text_of(page)
    for block in blocks(text)[:3]:  # one for each way
        name = "" if "--default" in block[0] else "gdrive"
        assert block[-1] == f"python -m tools.remote check {name}".rstrip()
    assert not any(line.startswith("dvc push") for line in commands(text))
    assert new_clone in text
    assert text.index("dvc pull ") < text.index(new_clone)
