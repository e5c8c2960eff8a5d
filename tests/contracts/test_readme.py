"""The READMEs' commands are the ones that are tested, and both languages say the same."""

import re

from tests.support.clones import PROJECT

ENGLISH = (PROJECT / "README.md").read_text(encoding="utf-8")
JAPANESE = (PROJECT / "README.ja.md").read_text(encoding="utf-8")


def commands(text: str) -> list[str]:
    """Return the command lines of the shell blocks, without comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    return [line.split("  #")[0].strip() for block in blocks for line in block.splitlines()]


def shape(text: str) -> list[str]:
    """Return the signs at the beginnings of lines: headings, tables, lists, code."""
    return re.findall(r"^(#+ |\||\d\. |```\w*|!\[)", text, flags=re.MULTILINE)


def test_both_languages_have_the_same_commands_and_the_same_shape() -> None:
    assert commands(ENGLISH) == commands(JAPANESE)
    assert shape(ENGLISH) == shape(JAPANESE)


def test_the_checks_run_the_readme_s_test_command() -> None:
    command = next(line for line in commands(ENGLISH) if line.endswith("pytest"))
    assert command in (PROJECT / ".ci" / "run").read_text(encoding="utf-8").splitlines()


def test_the_first_command_is_the_one_that_makes_a_dataset() -> None:
    assert commands(ENGLISH)[0].endswith("pip install -r requirements.txt && dvc repro")


def test_files_that_the_readmes_name_are_there() -> None:
    for text in (ENGLISH, JAPANESE):
        for target in re.findall(r"\]\((?!http)([^)]+)\)", text):
            assert (PROJECT / target).is_file(), target
        for module in re.findall(r"python -m ([\w.]+)", text):
            path = PROJECT / module.replace(".", "/")
            runs = path.with_suffix(".py"), path / "__main__.py"
            assert any(each.is_file() for each in runs), module
