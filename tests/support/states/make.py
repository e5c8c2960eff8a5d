"""Write the state beside this file anew, with the trainer's own Python, which has torch:

training/sd-scripts/.venv/bin/python tests/support/states/make.py
"""

import json
import random
from functools import partial
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent


def main() -> None:
    import torch  # type: ignore[import-not-found]
    from accelerate import Accelerator  # type: ignore[import-not-found]

    for seed in (random.seed, np.random.seed, torch.manual_seed):
        seed(1)
    accelerator = Accelerator()
    network = torch.nn.Linear(4, 2)
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    rate = partial(lambda warm, step: min(1.0, step / warm), 10)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, rate)
    network, optimizer, scheduler = accelerator.prepare(network, optimizer, scheduler)
    accelerator.backward(network(torch.ones(1, 4)).sum())
    optimizer.step()
    scheduler.step()
    state = HERE / "nasu-000001-state"
    accelerator.save_state(str(state))
    # with mixed_precision: fp16, on a graphics card
    torch.save(torch.amp.GradScaler("cpu").state_dict(), state / "scaler.pt")
    text = json.dumps({"current_epoch": 1, "current_step": 4})
    (state / "train_state.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
