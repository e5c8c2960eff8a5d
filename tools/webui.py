"""Check whether the WebUI can be used, or put a LoRA into it with its card and preview."""

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from stages.library.common import command
from stages.library.common.arguments import PARAMS, Parser
from stages.library.common.errors import Problem
from stages.library.common.foreign import printable
from stages.library.common.params import load_params
from stages.library.common.values import number
from stages.library.drawing.loras import Lora, lora_hash, loras_of
from stages.library.drawing.painters.installed_card import read_card
from stages.library.drawing.painters.lending import LENT, take_all_back, take_back, told
from stages.library.drawing.painters.lora_folder import AUTO, check_name, folder_of, install, place
from stages.library.drawing.painters.webui import WebUI
from stages.library.drawing.painters.webui_errors import LOGIN, UnreachableError
from stages.library.drawing.painters.webui_state import TRAINED, State
from stages.library.params.generate import GENERATE
from stages.library.params.organize import ORGANIZE
from stages.library.training.headers import read_metadata

LORAS = Path("training/lora")

MOST = 4000
"""Characters of a path, or of what a card holds, that are shown."""

Params = dict[str, Any]


def knobs() -> tuple[Params, str]:
    """Return params.yaml's section generate, checked as the stage checks it, and organize.name.

    Raises:
        Problem: a value is wrong.
    """
    params = load_params(PARAMS)
    return GENERATE.read(params), str(ORGANIZE.only("name").read(params)["name"])


def trained(name: str) -> Lora | None:
    """Return the LoRA that a training brought home; None if there is none yet."""
    there = (LORAS / f"{name}.safetensors").is_file()
    return loras_of(LORAS, name)[-1] if there else None


def model(state: State, params: Params, lora: Lora | None) -> str:
    wanted = params["checkpoint"]
    if lora is None and wanted == TRAINED:
        return f"{state.checkpoint} is loaded; no LoRA is here to compare with"
    if lora or wanted != TRAINED:
        state.check_model(lora, wanted)
    return f"{state.checkpoint} is loaded" + (", as in the training" if wanted == TRAINED else "")


def sampler(state: State, params: Params) -> str:
    state.check_names(params["sampler"], params["scheduler"])
    return f"{params['sampler']}, {params['scheduler']}"


def folder(state: State, params: Params, here: bool) -> str:
    there = folder_of(state, params["lora_folder"], here)
    if not os.access(there, os.W_OK):
        raise Problem(f"{there}: may not be written to; see to its permissions")
    return str(there)


def installed(state: State, lora: Lora | None, name: str) -> str:
    if lora is None:
        there = sorted(path.stem for path in LORAS.glob("*.safetensors"))
        raise Problem(
            f"{LORAS} has no {name}; it has {', '.join(there) or 'none'}: train first, get it with "
            "dvc exp apply, or correct organize.name"
        )
    known = state.loras.get(name)
    if known is None:
        return f"{name} is ready to be lent; it is not installed"
    other = known.hash not in ("", lora.hash)
    return f"{name} is ready to be lent; {'another one' if other else 'it'} is installed"


def check_webui() -> None:
    """Print what is right and what is wrong with the WebUI.

    Raises:
        Problem: the generate stage can't use it as it is.
    """
    params, name = knobs()
    webui = WebUI(params["url"], params["remote"], os.environ.get(LOGIN, ""))
    print(webui.url)
    left = take_all_back()
    state = tidied(webui, webui.state(), params, left)
    print(shown("ok", "API", "answers" + (", with login" if os.environ.get(LOGIN) else "")))
    lora, wrong = trained(name), False
    checks: dict[str, Callable[[], str]] = {
        "model": lambda: model(state, params, lora),
        "sampler": lambda: sampler(state, params),
        "LoRA folder": lambda: folder(state, params, webui.here),
        "LoRA": lambda: installed(state, lora, name),
    }
    for label, work in checks.items():
        try:
            print(shown("ok", label, work()))
        except Problem as error:
            wrong = True
            print(shown("FAILED", label, str(error)))
    if wrong:
        raise Problem("the WebUI can't be used yet / まだ使えません")
    print("the WebUI can be used / 使えます: dvc repro -s training/dvc.yaml:generate")


def tidied(webui: WebUI, state: State, params: Params, left: list[Path]) -> State:
    """Take back what stopped runs have lent, of other projects too; return the state as it is now.

    `left` was taken back already.
    """
    with suppress(Problem):  # a folder that isn't here is told of later
        left = left + take_back(folder_of(state, params["lora_folder"], webui.here) / LENT)
    if not left:
        return state
    print(f"webui: {told(left)}")
    webui.refresh_loras()
    return webui.state()


def shown(outcome: str, label: str, text: str) -> str:
    return f"  {outcome:<8}{label:<14}{text}"


def put(file: Path, weight: float) -> None:
    """Put a LoRA into the WebUI's folder and have the WebUI look.

    Raises:
        Problem: the name won't do, the folder isn't here, another tool's LoRA has that name.
        Problem: the WebUI can't be asked where its folder is, or doesn't see the LoRA.
    """
    check_name(file)
    hash_ = lora_hash(file, read_metadata(file))
    params, _ = knobs()
    webui = WebUI(params["url"], params["remote"], os.environ.get(LOGIN, ""))
    state, left = None, take_all_back()
    try:
        state = tidied(webui, webui.state(), params, left)
    except UnreachableError as error:
        if params["lora_folder"] == AUTO:
            raise Problem(
                f"{error}; or write the path of its models/Lora into generate.lora_folder"
            ) from None
    target = place(file.stem, state, folder_of(state, params["lora_folder"], webui.here))
    for line in install(file, target, weight) or [f"{target} was there already"]:
        print(f"webui: {printable(line, MOST)}")
    if state is None:
        print("webui: the WebUI isn't running; it finds the LoRA when it starts")
        return
    webui.refresh_loras()
    webui.forget_loras()
    known = webui.state().loras.get(file.stem)
    if known is None or known.hash not in ("", hash_):
        seen = f"has another one of that name, {known.path}" if known else "doesn't list it"
        raise Problem(f"{webui.url} {seen}; is {target.parent} the folder it uses?")
    card = read_card(target.with_suffix(".json"))
    named = f"<lora:{file.stem}:{card.get('preferred weight') or 1}>"
    calls = printable(f"{named} {card.get('activation text', '')}".rstrip(), MOST)
    print(f"webui: in a prompt: {calls}")


def webui(action: str, file: Path | None, weight: float) -> None:
    """Do what the command line asks for."""
    if action == "install" and file:
        put(file, weight)
    elif action == "install":
        raise Problem(f"install: which LoRA? python -m tools.webui install {LORAS}/….safetensors")
    elif file:
        raise Problem(f"check takes no {file}; only install does")
    else:
        check_webui()


def build_parser() -> Parser:
    parser = Parser("tools.webui", __doc__)
    parser.add_argument(
        "action",
        choices=["check", "install"],
        help="check: can it be used, and if not, why; install: put a LoRA into models/Lora",
    )
    parser.add_argument("file", type=Path, nargs="?", default=None, help="a LoRA, .safetensors")
    parser.add_argument(
        "--weight",
        type=number(0.05, 2),
        default=0.0,
        help="install: weight that the WebUI suggests; else that of the card, or of the training",
    )
    return parser


def main(argv: list[str] | None = None) -> int:
    return command.run(build_parser(), webui, argv)


if __name__ == "__main__":
    sys.exit(main())
