"""The notebook as it is in Git: no outputs, short cells, two languages, no secrets."""

import re

import nbformat
import pytest

from tests.standins.colab.machine import read_notebook
from tests.support.clones import PROJECT
from tools.colab import STEPS

BOOK = read_notebook()
CODE = [cell for cell in BOOK.cells if cell.cell_type == "code"]
TEXTS = [cell for cell in BOOK.cells if cell.cell_type == "markdown"]


def test_it_is_a_valid_notebook_for_a_graphics_card() -> None:
    nbformat.validate(BOOK)
    assert BOOK.metadata.accelerator == "GPU"
    assert BOOK.metadata.kernelspec.name == "python3"


@pytest.mark.parametrize("cell", CODE, ids=lambda cell: cell.id)
def test_outputs_are_stripped_and_cells_are_short(cell: nbformat.NotebookNode) -> None:
    assert cell.outputs == []
    assert cell.execution_count is None
    lines = [line for line in cell.source.splitlines() if line]
    assert len(lines) <= (
        30 if cell.metadata.get("cellView") == "form" else 10
    )  # code that is hidden
    assert max(map(len, lines)) <= 125
    assert sum("tools.colab" in line for line in lines) <= 1


@pytest.mark.parametrize("cell", TEXTS, ids=lambda cell: cell.id)
def test_text_says_it_in_english_and_japanese(cell: nbformat.NotebookNode) -> None:
    heading, *texts = (part for part in cell.source.split("\n\n") if not part.startswith("[!["))
    assert re.fullmatch(r"#{1,2} (\d+\. )?[ -~]+ / .*[ぁ-んァ-ン一-龠].*", heading)
    english, japanese = texts
    assert not re.search(r"[ぁ-んァ-ン一-龠]", english)
    assert re.search(r"[ぁ-ん]", japanese)


def test_above_every_cell_stands_its_text() -> None:
    kinds = [(cell.cell_type, cell.id) for cell in BOOK.cells[1:]]
    for (above, text), (below, code) in zip(kinds[::2], kinds[1::2], strict=True):
        assert (above, below, text) == ("markdown", "code", f"{code}-text")


def test_the_form_has_the_fields_of_the_docs() -> None:
    fields = re.findall(r'^(\w+) = ".*"  # @param \{type:"string"\}$', CODE[0].source, re.M)
    assert fields == ["REPOSITORY", "BRANCH", "EXPERIMENT", "OVERRIDES", "DRIVE_FOLDER"]
    _, english, japanese = TEXTS[1].source.split("\n\n")
    for text in (english, japanese):
        assert re.findall(r"^- `(\w+)`", text, re.M) == fields
    for name in ("docs/colab.md", "docs/colab.ja.md"):
        text = (PROJECT / name).read_text(encoding="utf-8")
        rows = re.findall(r"^\| (`[A-Z].*?) \|", text, re.M)
        assert re.findall(r"`(\w+)`", " ".join(rows)) == fields


def test_the_placeholder_may_be_replaced_in_the_whole_file() -> None:
    (line,) = [line for cell in CODE for line in cell.source.splitlines() if "OWNER/REPO" in line]
    assert line.startswith("REPOSITORY = ")


def test_the_token_goes_to_git_alone_and_into_no_variable() -> None:
    lines = [line for cell in CODE for line in cell.source.splitlines() if "userdata.get" in line]
    (line,) = (line for line in lines if "CIVITAI_TOKEN" not in line)
    assert line.strip().startswith("subprocess.run(words, input=")
    assert not re.search(r"print|environ|shell", line)


def test_every_step_of_the_tool_is_a_cell() -> None:
    found = [match[1] for cell in CODE if (match := re.search(r"tools\.colab (\w+)", cell.source))]
    assert found == list(STEPS)
