"""What a LoRA tells of its training."""

from stages.library.drawing.loras import Lora
from stages.library.training.headers import read_metadata
from stages.library.training.provenance import read_papers


def trained_on(lora: Lora) -> tuple[str, str]:
    """Return name and SHA-256 of the base model that a LoRA was trained on; '' where unknown."""
    metadata = read_metadata(lora.file)
    if papers := read_papers(metadata):
        return papers.base_model, papers.base_model_sha256
    return metadata.get("ss_sd_model_name", ""), metadata.get("ss_new_sd_model_hash", "")


def made_of(lora: Lora) -> dict[str, str]:
    """Return what a LoRA's papers say, for people; nothing if it has none."""
    papers = read_papers(read_metadata(lora.file))
    if papers is None:
        return {}
    return {
        "training": papers.run,
        "Git commit": papers.git_commit + (", with changes" if papers.git_changed else ""),
        "dataset": papers.dataset_md5,
        "base model": f"{papers.base_model} [{papers.base_model_sha256[:10]}]",
    }
