"""The list of code in dvc.yaml, as it is written; tests/contracts holds it to the imports."""

from tools.makers.code_deps import imports, rests_on, with_code

STAGE = """\
  edit:
    cmd: >-
      python -m stages.edit --output data/edited
    deps:
      - data/edits.yaml
      - stages/edit.py
      - stages/library/no/longer.py
    outs: [data/edited]
"""


def test_what_is_imported_is_written_once_and_what_is_not_goes() -> None:
    lines = with_code(STAGE).splitlines()
    code = [line for line in lines if "- stages/" in line]
    assert code[0] == "      - stages/edit.py"
    assert {line.strip(" -") for line in code} == rests_on("stages.edit")
    assert len(code) == len(set(code))
    assert lines[:5] + code + ["    outs: [data/edited]"] == lines


def test_it_reaches_what_is_imported_by_what_is_imported() -> None:
    """The page of the report is of its room, the rules of tags of another room's module."""
    page = "stages/library/report/page.py"
    dictionary, rules = (
        f"stages/library/dataset/{name}.py" for name in ("dictionary", "tag_rules")
    )
    assert dictionary in imports(page)
    assert rules not in imports(page)
    rooms = {f"stages/library/{name}" for name in ("common", "dataset", "report")}
    assert {"stages/report.py", *rooms} <= rests_on("stages.report")
    assert "stages/library/training" not in rests_on("stages.report")
