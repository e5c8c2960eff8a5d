"""onnxruntime: what it can run a model on, and a session of one."""

import json
import mmap
import re
from contextlib import ExitStack
from pathlib import Path

import onnxruntime

from stages.library.common.cores import usable_cores
from stages.library.common.errors import Problem
from stages.library.tagging.external_data import files_beside
from stages.library.tagging.layers import with_result
from stages.library.tagging.model_files import KEY, snapshot

Provider = str | tuple[str, dict[str, str]]

PROVIDERS: dict[str, Provider] = {
    "cpu": "CPUExecutionProvider",
    # TF32 would round to 10 bits; a search by trial may choose other kernels in another run
    "cuda": (
        "CUDAExecutionProvider",
        {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"},
    ),
    "coreml": "CoreMLExecutionProvider",
    "openvino": (
        "OpenVINOExecutionProvider",
        {"device_type": "CPU", "load_config": '{"CPU": {"INFERENCE_PRECISION_HINT": "bf16"}}'},
    ),
    "openvino-float32": (
        "OpenVINOExecutionProvider",
        {"device_type": "CPU", "load_config": '{"CPU": {"INFERENCE_PRECISION_HINT": "f32"}}'},
    ),
}

ON_GPU = frozenset({"cuda"})
"""Providers with memory of their own, which want pictures in batches."""

NO_MEMORY = re.compile(r"bad.alloc|allocate memory|out of memory|ALLOC_FAILED", re.IGNORECASE)
"""In the text of an error: onnxruntime has no class and no code for a shortage of memory."""


def open_session(
    model: Path, provider: str, cores: int | None = None, besides: str = "", key: str = KEY
) -> onnxruntime.InferenceSession:
    """Return a session of a model file on `provider` (a key of `PROVIDERS`).

    It takes half of the `cores` (all that this process may use) for a picture. It also gives what
    a layer makes that is called `besides`. The `key` of params.yaml names the model.

    Raises:
        Problem: it is no ONNX model, or fails to start on `provider`.
        Problem: there is too little memory.
    """
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors only
    # two pictures at a time share the cores: see `score`
    cores = cores or usable_cores()
    options.intra_op_num_threads = max(1, cores // 2)
    chosen = with_cores(PROVIDERS[provider], cores)
    try:
        with ExitStack() as stack:
            given = with_layer(model, besides, options, stack) if besides else model
            return onnxruntime.InferenceSession(given, options, providers=[chosen])
    except Exception as error:  # onnxruntime raises classes of its own, without a common base
        if wants_memory(error):
            raise Problem(memory_wanted(provider)) from None
        reason = " ".join(str(error).split())[:200]
        stored = snapshot(model)
        cached = stored.parent.parent if stored else model
        remedy = "set provider: cpu" if provider != "cpu" else f"delete {cached} and download again"
        raise Problem(
            f"{key}: {model} can't be loaded as an ONNX model ({reason}); {remedy}"
        ) from None


def with_layer(
    model: Path, name: str, options: onnxruntime.SessionOptions, stack: ExitStack
) -> bytes:
    """Return a model that also gives what its layer `name` makes; `options` get its weights.

    Those that are in files beside it are mapped as long as the `stack` lasts: of what comes as
    bytes onnxruntime doesn't know the folder, and from one it takes no links, as the hub's cache
    has them.
    """
    names, maps = files_beside(model), []
    for each in names:
        file = stack.enter_context((model.parent / each).open("rb"))
        maps.append(stack.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)))
    if names:
        options.add_external_initializers_from_files_in_memory(names, maps, list(map(len, maps)))
    return with_result(model, name)


def with_cores(chosen: Provider, cores: int) -> Provider:
    """Return a provider that takes no more cores: OpenVINO's threads are its own affair.

    >>> with_cores(("OpenVINO", {"load_config": '{"CPU": {}}'}), 2)
    ('OpenVINO', {'load_config': '{"CPU": {"INFERENCE_NUM_THREADS": 2}}'})
    """
    if isinstance(chosen, str) or "load_config" not in chosen[1]:
        return chosen
    name, options = chosen
    config = json.loads(options["load_config"])
    config["CPU"]["INFERENCE_NUM_THREADS"] = cores
    return name, options | {"load_config": json.dumps(config)}


def wants_memory(error: Exception) -> bool:
    """Return whether it is for lack of memory that a model can't be loaded or run."""
    return isinstance(error, MemoryError) or bool(NO_MEMORY.search(str(error)))


def memory_wanted(provider: str) -> str:
    """Return what to do when memory is short; `provider` may be called as in either of PROVIDERS.

    >>> memory_wanted("cpu").partition(" / ")[0]
    'not enough memory for the tagger; close other programs, then run the same command again'
    """
    other, japanese = "", "閉じて"
    if not provider.lower().startswith("cpu"):
        other, japanese = (
            ", or set tagger.provider: cpu in params.yaml",
            "閉じるか、params.yaml の tagger.provider を cpu にして",
        )
    return (
        f"not enough memory for the tagger; close other programs{other}, then run the same command "
        f"again / タグ付けのメモリーが足りません。ほかのソフトを{japanese}、"
        "同じコマンドをもう一度実行してください"
    )
