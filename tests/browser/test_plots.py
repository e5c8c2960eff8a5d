"""The page of `dvc plots show` in a real browser, of tables whose texts are scripts."""

import csv
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from stages.library.common.tables import as_csv
from stages.library.dataset.manifest import USED, Row
from stages.library.dataset.subjects import Triggers
from stages.report import Found, write_figures
from tests.support.clones import PROJECT, Clone

pytestmark = pytest.mark.browser

TAGS = [
    *("</script><script>attacked = 1</script>", "</SCRIPT ><script>attacked = 1</script>"),
    *("<!--<script>", "--></script><svg onload='attacked = 1'>", "</script/><img src=x "),
    *("</script\t><b id=attacked>", "<script>attacked = 1</script>", "<o>_<o>", ">_<", "</3"),
]

TEMPLATES = [(), ("--html-template", str(PROJECT / "training" / "plots.html"))]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Clone:
    """Return a project that has nothing but the plots of ours."""
    folder = tmp_path_factory.mktemp("plots")
    clone = Clone(folder / "project", folder / "home")
    clone.root.mkdir()
    clone.home.mkdir()
    for words in ("git init -q", "dvc init -q"):
        clone.run(*words.split())
    plots = (PROJECT / "dvc.yaml").read_text(encoding="utf-8").partition("\nplots:\n")[2]
    (clone.root / "dvc.yaml").write_text(f"plots:\n{plots}", encoding="utf-8")
    return clone


def plain_csv(head: Sequence[str], rows: Sequence[Sequence[object]], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([head, *rows])


def attacked(browser: Chrome, project: Clone, template: Sequence[str]) -> bool:
    """Open DVC's page; return whether a text of a table has become a part of it."""
    shutil.rmtree(project.root / "dvc_plots", ignore_errors=True)
    project.run("dvc", "plots", "show", *template)
    browser.get((project.root / "dvc_plots" / "index.html").as_uri())
    browser.get_log("browser")  # type: ignore[no-untyped-call]
    added = "document.querySelectorAll('svg[onload], b').length"
    return bool(browser.execute_script(f"return typeof attacked !== 'undefined' || {added}"))


@pytest.mark.parametrize("template", TEMPLATES, ids=["DVC's", "ours"])
def test_no_text_of_a_table_runs(
    browser: Chrome, project: Clone, template: tuple[str, ...]
) -> None:
    report = project.root / "data" / "report"
    report.mkdir(parents=True, exist_ok=True)
    rows = [
        Row(f"img{n:03}.png", f"a{tag}b.png", f"{n:064x}", 64, 64, USED, "")
        for n, tag in enumerate(TAGS)
    ]
    captions = {f"img{n:03}": ["nasu", tag] for n, tag in enumerate(TAGS)}
    words = {tag: f"{tag} なす" for tag in TAGS}
    found = Found(rows, captions, words, {}, Triggers("nasu"), 225, {}, {}, {}, captions)
    write_figures(found, report)
    assert not attacked(browser, project, template)
    values = "return [...document.scripts].map(script => script.text).join('')"
    shown = browser.execute_script(values)
    assert all(name in shown for name in ("pictures", "width", "<o>_<o>", "\\uff1c/script>"))


@pytest.mark.parametrize("template", TEMPLATES, ids=["DVC's", "ours"])
@pytest.mark.parametrize(
    "tag", [tag for tag in TAGS if tag.lower().startswith("</script") and "= 1" in tag]
)
def test_dvc_itself_would_run_it(
    browser: Chrome, project: Clone, template: tuple[str, ...], tag: str
) -> None:
    """Should DVC escape them one day, this fails, and `tables` isn't needed any more."""
    report = project.root / "data" / "report"
    report.mkdir(parents=True, exist_ok=True)
    for name, head in (
        ("tag_frequencies", ("tag", "ja", "pictures")),
        ("tags_per_image", ("image", "tags")),
        ("sizes", ("image", "source", "width", "height")),
    ):
        row = [tag if column in ("tag", "image") else 1 for column in head]
        plain_csv(head, [row], report / f"{name}.csv")
    assert attacked(browser, project, template)
    (report / "tag_frequencies.csv").write_text(as_csv(("tag", "pictures"), [(tag, 1)]))
    (report / "tags_per_image.csv").write_text(as_csv(("image", "tags"), [(tag, 1)]))
    (report / "sizes.csv").write_text(as_csv(("image", "width", "height"), [(tag, 1, 1)]))
    assert not attacked(browser, project, template)
