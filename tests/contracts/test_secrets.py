"""What opens a Drive never gets into Git."""

import shutil
import subprocess
from pathlib import Path

from tests.support.clones import PROJECT


def test_credentials_can_not_be_committed(tmp_path: Path) -> None:
    names = [
        ".dvc/config.local",
        ".env",
        "client_secret_1234567890-nasu.apps.googleusercontent.com.json",
        "credentials.json",
        "nasu-tomo-0123456789ab.json",
        "nasumiso-credentials.json",
        "notebooks/gdrive-credentials.json",
        "pydrive2fs/1234567890-nasu.apps.googleusercontent.com/default.json",
        "robot.p12",
        "robot.pem",
        "secrets/robot.json",
        "service-account.json",
        "token.json",
        "training/service_account_nasu.json",
    ]
    for name in (*names, "tokenizer.json", ".dvc/config"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    for name in (".gitignore", ".dvc/.gitignore"):
        shutil.copyfile(PROJECT / name, tmp_path / name)
    git = ("git", "-c", "core.excludesFile=/dev/null", "-C", str(tmp_path))
    for words in (["init", "-q"], ["add", "-A"]):
        subprocess.run([*git, *words], check=True)
    listed = subprocess.run([*git, "ls-files"], check=True, capture_output=True, text=True).stdout
    assert set(listed.split()) == {".dvc/.gitignore", ".dvc/config", ".gitignore", "tokenizer.json"}


def test_no_credential_is_committed() -> None:
    """Neither a private key nor a client's secret nor a token, by how Google's look."""
    looks = (
        r"BEGIN [A-Z ]*PRIVATE KEY|GOCSPX-[A-Za-z0-9_-]{20}|\b1//0[A-Za-z0-9_-]{20}|ya29\.[A-Za-z]"
    )
    found = subprocess.run(
        [
            "git",
            "grep",
            "-IlE",
            "--untracked",
            looks,
            "--",
            ".",
            ":!tests/e2e/test_remote.py",
        ],
        cwd=PROJECT,
        capture_output=True,
        text=True,
    )
    assert found.stdout == ""
    config = (PROJECT / ".dvc" / "config").read_text(encoding="utf-8")
    assert "gdrive_client" not in config
    assert "json_file_path" not in config
