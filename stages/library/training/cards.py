"""The card that a WebUI shows of a LoRA."""

from stages.library.training.provenance import read_papers


def card(trigger: str, metadata: dict[str, str], weight: float, negative: str) -> dict[str, object]:
    """Return what AUTOMATIC1111's WebUI shows of a LoRA, from `<name>.json` beside it.

    `extensions-builtin/Lora/ui_edit_user_metadata.py` writes the same keys.
    """
    version = metadata.get("ss_base_model_version", "")
    kinds = {"sd_v1": "SD1", "sd_v2": "SD2", "sdxl": "SDXL", "sd3": "SD3"}
    papers = read_papers(metadata)
    epochs, pictures, base = (
        metadata.get(key, "?") for key in ("ss_epoch", "ss_num_train_images", "ss_sd_model_name")
    )
    made = [f"{epochs} epochs of {pictures} pictures, repeats counted, on {base}"]
    if papers:
        made.append(f"python -m tools.provenance tells what it was made of (run {papers.run})")
    return {
        "description": f"Nasumiso Creator. Trigger: {trigger}",
        "sd version": next((kinds[k] for k in kinds if version.startswith(k)), "Unknown"),
        "activation text": trigger,
        "preferred weight": weight,
        "negative text": negative,
        "notes": "\n".join(made),
    }
