"""The loop over epochs and batches: `train_network.py::train`, from line 1419 on."""

import argparse
import json
import math
import os
import random
import signal
import sys
import time
from pathlib import Path

from library import train_util  # type: ignore[import-not-found,unused-ignore]
from library.captions import processed, tokens  # type: ignore[import-not-found,unused-ignore]
from library.console import say  # type: ignore[import-not-found,unused-ignore]
from library.dataset import Dataset  # type: ignore[import-not-found,unused-ignore]
from library.latents import NAN, encode  # type: ignore[import-not-found,unused-ignore]
from library.log import Log  # type: ignore[import-not-found,unused-ignore]
from library.samples import chance, sample  # type: ignore[import-not-found,unused-ignore]


class Run:
    """The loop over epochs and batches."""

    def __init__(
        self,
        args: argparse.Namespace,
        dataset: Dataset,
        validation: Dataset | None,
        batches: list[list[str]],
        bad: set[str],
        metadata: dict[str, str],
        weight: float,
    ) -> None:
        self.args, self.dataset, self.validation = args, dataset, validation
        self.batches, self.bad, self.metadata, self.weight = batches, bad, metadata, weight
        self.output = Path(args.output_dir)
        self.taken = 0  # steps since this start, as sd-scripts counts them
        self.losses: list[float] = []
        self.learned: list[tuple[int, str, list[str]]] = []  # at epoch 0: only validated
        if validation:
            for picture, caption in validation.captions.items():
                words = tokens(caption, args.max_token_length)
                self.learned.append((0, Path(picture).name, words))
        self.log = Log(Path(args.logging_dir) / time.strftime("%Y%m%d%H%M%S") / "network_train")

    def go(self, first_epoch: int, epochs: int) -> None:
        args, name = self.args, self.args.output_name
        die = os.environ.get("STANDIN_DIE", "").split()
        sample(args, 0, 0, self.weight)
        for epoch in range(first_epoch, epochs + 1):
            print(f"\nepoch {epoch}/{epochs}\n", flush=True)
            self.one_epoch(epoch, die)
            every = args.validate_every_n_epochs or 1
            if self.validation and epoch % every == 0:
                self.validate("epoch", epoch)
            self.log.add({"loss/epoch_average": self.average()}, epoch)
            if epoch < epochs and due(epoch, args.save_every_n_epochs):
                self.save(f"{name}-{epoch:06d}", epoch)
                if args.save_state:
                    state = self.output / f"{name}-{epoch:06d}-state"
                    dying = die == [str(epoch), "state"]
                    train_util.save_state(state, epoch, self.taken, self.weight, dying)
                    if dying:
                        os.kill(os.getpid(), signal.SIGKILL)
                    remove_old_state(args, self.output, epoch)
            sample(args, epoch, self.taken, self.weight)
        if args.save_state:
            state = self.output / f"{name}-state"
            train_util.save_state(state, epochs, self.taken, self.weight)
        self.save(name, epochs)
        say("train_network.py:1729", "model saved.")
        if path := os.environ.get("STANDIN_LEARNED"):
            Path(path).write_text(json.dumps(self.learned), encoding="utf-8")

    def one_epoch(self, epoch: int, die: list[str]) -> None:
        args = self.args
        accumulation = args.gradient_accumulation_steps
        per_epoch = math.ceil(len(self.batches) / accumulation)
        self.losses = []
        words: list[str] = []
        for batch, pictures in enumerate(self.batches, start=1):
            time.sleep(float(os.environ.get("STANDIN_SLOW", "0")))
            step = (epoch - 1) * per_epoch + math.ceil(batch / accumulation)
            words += self.look_at(pictures, epoch)
            loss = 0.1 * self.weight + 0.02 * chance(args.seed, epoch, batch)
            if self.bad & set(pictures) or os.environ.get("STANDIN_LOSS") == "nan":
                loss = math.nan
            self.losses.append(loss)
            synced = batch % accumulation == 0 or batch == len(self.batches)
            if synced:
                self.taken += 1
                pull = chance(args.seed, step, args.network_dim, words)
                self.weight *= 1 - args.learning_rate * 10 * pull
                words = []
                sample(args, None, self.taken, self.weight)
            self.log.add(self.values(loss, step), self.taken)
            print(f"\rsteps: {self.taken}, avr_loss={loss:.4f}", end="", file=sys.stderr)
            if synced and self.validation and due(self.taken, args.validate_every_n_steps):
                self.validate("step", self.taken)
            if die == [str(epoch)] and batch > len(self.batches) // 2:
                os.kill(os.getpid(), signal.SIGKILL)
            if self.taken >= args.max_train_steps:
                break

    def look_at(self, pictures: list[str], epoch: int) -> list[str]:
        """Return the tokens of a batch: all of a caption that is learned."""
        words = []
        for picture in pictures:
            if not self.args.cache_latents and encode(self.args, Path(picture)) == NAN:
                print("NaN found in latents, replacing with zeros", flush=True)
            order = random.Random(repr((self.args.seed, epoch, Path(picture).name)))
            caption = processed(self.dataset.captions[picture], self.args, order)
            found = tokens(caption, self.args.max_token_length)
            self.learned.append((epoch, Path(picture).name, found))
            words += found
        return words

    def values(self, loss: float, step: int) -> dict[str, float]:
        args = self.args
        warm = min(1.0, step / max(args.lr_warmup_steps, 1))
        turn = math.cos(math.pi * step / args.max_train_steps)
        rate = args.learning_rate * warm * (0.5 + 0.5 * turn)
        values = {"loss/current": loss, "loss/average": self.average(), "lr/unet": rate}
        if args.network_train_unet_only:
            return values | {"lr/group0": rate}
        return values | {"lr/textencoder": rate, "lr/group1": rate}  # the U-Net's, a second time

    def average(self) -> float:
        return sum(self.losses) / len(self.losses)

    def validate(self, kind: str, at: int) -> None:
        """Log the loss of the pictures that were kept.

        Only the weight changes it where no workers load them. Those begin every epoch with the
        order of the first one, and then take the epoch's own: some pictures come twice, some
        never, and each gets another's noise.
        """
        loss = 0.12 * self.weight
        if self.args.max_data_loader_n_workers:
            loss += 0.01 * chance(self.args.seed, "validation", at)
        tags = {f"{kind}_average": loss, f"{kind}_divergence": loss - self.average()}
        self.log.add({f"loss/validation/{tag}": value for tag, value in tags.items()}, at)

    def save(self, stem: str, epoch: int) -> None:
        path = self.output / f"{stem}.safetensors"
        print(f"\nsaving checkpoint: {path}", flush=True)
        extra = {
            "ss_training_finished_at": str(time.time()),
            "ss_steps": str(self.taken),
            "ss_epoch": str(epoch),
        }
        train_util.save_safetensors(path, self.weight, self.metadata | extra)


def due(number: int, every: int | None) -> bool:
    return bool(every) and number % (every or 1) == 0


def remove_old_state(args: argparse.Namespace, output: Path, epoch: int) -> None:
    if args.save_last_n_epochs_state:
        old_epoch = epoch - args.save_every_n_epochs * args.save_last_n_epochs_state
        old = output / f"{args.output_name}-{old_epoch:06d}-state"
        if old.exists():
            for path in old.iterdir():
                path.unlink()
            old.rmdir()
