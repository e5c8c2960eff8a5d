"""Tell what a LoRA was made of, and how to get exactly its dataset back."""

import re
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

from stages.library.common import command
from stages.library.common.arguments import Parser
from stages.library.common.errors import Problem
from stages.library.common.git import git, git_or_none
from stages.library.dataset.manifest import shown
from stages.library.training.dvc_lock import locked_md5
from stages.library.training.headers import read_metadata
from stages.library.training.provenance import Papers, read_papers
from stages.library.training.receipt import verdict, with_datasets


def commits_to_look_at(papers: Papers) -> Iterator[str]:
    """Yield the recorded commit, then those that changed the dataset's MD5 in any dvc.lock.

    An experiment is started on a commit and becomes one afterwards, in refs/exps: there the
    recorded commit may hold an older dataset.
    """
    if papers.git_commit:
        yield papers.git_commit
    found = git("log", "--all", "--format=%H", f"-S{papers.dataset_md5}", "--", "dvc.lock")
    yield from found.splitlines()


def commit_of_dataset(papers: Papers) -> str:
    """Return a commit of this repository whose dvc.lock records the dataset; '' if none does."""
    for commit in commits_to_look_at(papers):
        lock = git_or_none("show", f"{commit}:dvc.lock")  # another clone's commit may not be here
        if lock and locked_md5(lock, papers.dataset) == papers.dataset_md5:
            return commit
    return ""


CACHE = Path(".dvc/cache/files/md5")

VALUES = {
    "learning rate": ("ss_learning_rate", "ss_lr_scheduler"),
    "dim, alpha": ("ss_network_dim", "ss_network_alpha"),
    "epochs": ("ss_num_epochs",),
    "optimizer": ("ss_optimizer",),
    "resolution": ("ss_resolution",),
    "seed": ("ss_seed",),
}
"""Values that sd-scripts itself writes into the LoRA."""


def values(metadata: dict[str, str]) -> dict[str, str]:
    """Return the values that the LoRA was trained with, by what they are called here.

    >>> values({"ss_network_dim": "64", "ss_network_alpha": "32.0", "ss_seed": "None"})
    {'dim, alpha': '64, 32.0'}
    """
    told = with_datasets(metadata)
    found = {
        name: [told[key] for key in keys if told.get(key, "None") != "None"]
        for name, keys in VALUES.items()
    }
    return {name: ", ".join(texts) for name, texts in found.items() if texts}


def way(commit: str, dataset: str, md5: str) -> list[str]:
    """Return the commands that bring back a dataset, and those that lead back to the present.

    What is not committed is put aside first: Git would not go elsewhere. Only what the cache lacks
    is pulled, since a remote may want a login.
    """
    dataset = shlex.quote(dataset)
    get = "checkout" if (CACHE / md5[:2] / md5[2:]).is_file() else "pull"
    branch = git_or_none("symbolic-ref", "--short", "-q", "HEAD")
    here = branch or git("rev-parse", "HEAD")
    changed = git("status", "--porcelain")
    there = f"git checkout {commit} && dvc {get} {dataset}"
    back = f"git checkout {here} && dvc checkout {dataset}"
    if changed:
        there = f"git stash -u && {there}"
        back = f"git checkout {here} && git stash pop && dvc checkout {dataset}"
    return [
        "",
        "exactly this dataset comes back with:",
        f"  {there}",
        "and the present one with:",
        f"  {back}",
    ]


def story(metadata: dict[str, str], papers: Papers) -> list[str]:
    """Return what a LoRA's metadata tells, as lines of name and value."""
    changed = ", with changes" if papers.git_changed else ""
    rows = {
        "LoRA": f"{metadata.get('ss_output_name', '?')}, after epoch "
        f"{metadata.get('ss_epoch', '?')} (training {papers.run})",
        "Git commit": f"{papers.git_commit}{changed}",
        "dataset": f"{papers.dataset}, DVC {papers.dataset_md5}",
        "captions": verdict(metadata, papers.captions, papers.pictures),
        **values(metadata),
        "params": f"SHA-256 {papers.params_sha256}",
        "base model": f"{papers.base_model}, SHA-256 {papers.base_model_sha256}",
        "trainer": f"sd-scripts {papers.trainer_commit}, {papers.trainer}",
        "WebUI's hash": metadata.get("sshs_model_hash", "")[:12] or "?",
    }
    width = max(map(len, rows))
    return [f"{name:<{width}}  {shown(value)}" for name, value in rows.items()]


def check_papers(papers: Papers) -> None:
    """Raise Problem for papers that somebody else wrote: they go into commands."""
    for what, value, pattern in (
        ("git_commit", papers.git_commit, r"|[0-9a-f]{40}"),
        ("dataset_md5", papers.dataset_md5, r"[0-9a-f]{32}(\.dir)?"),
    ):
        if not re.fullmatch(pattern, value):
            raise Problem(
                f"its papers are not as this project writes them: {what} is {shown(value)}; get "
                "the LoRA again from somebody you trust"
            )


def provenance(file: Path) -> None:
    """Print what `file` was made of, and the commands that bring back its dataset.

    Raises:
        Problem: it carries no papers.
    """
    metadata = read_metadata(file)
    papers = read_papers(metadata)
    if papers is None:
        raise Problem(f"{file}: carries no papers of Nasumiso Creator; another tool trained it")
    check_papers(papers)
    print("\n".join(story(metadata, papers)))
    commit = commit_of_dataset(papers)
    if not commit:
        raise Problem(
            f"no commit here records the dataset {papers.dataset_md5}; run this in a clone of the "
            "project, after: git fetch origin '+refs/exps/*:refs/exps/*'"
        )
    print("\n".join(way(commit, papers.dataset, papers.dataset_md5)))


def build_parser() -> Parser:
    parser = Parser("tools.provenance", __doc__)
    parser.add_argument("file", type=Path, help="a LoRA, .safetensors")
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), provenance, argv)


if __name__ == "__main__":
    sys.exit(main())
