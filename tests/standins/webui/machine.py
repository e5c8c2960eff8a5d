"""What stands behind the WebUI's API: options, checkpoints, LoRAs, and a picture in the making.

After modules/api/api.py, processing.py, options.py and sd_models.py of v1.10.1: an unknown
sampler, schedule, checkpoint or LoRA is none to it, it draws all the same.
"""

import hashlib
import json
import random
import re
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

from tests.standins.webui import drawing, hostile
from tests.standins.webui.facts import (
    FLAGS,
    OPTIONS,
    SAMPLERS,
    SCHEDULERS,
    WITHOUT_SCHEDULE,
    sampler_and_schedule,
)
from tests.standins.webui.fields import failed, request_of
from tests.standins.webui.networks import Networks, without_tags
from tests.standins.webui.planted import Painter

ANSWERS = ("reset", "cut answer", "502", "html", "not json", "slow", "redirect", *hostile.ANSWERS)
"""Faults of any request."""

ERRORS = {
    "500 out of memory": ("OutOfMemoryError", "CUDA out of memory. Tried to allocate 1.50 GiB."),
    "nan": (
        "NansException",
        "A tensor with NaNs was produced in Unet. "
        "Use --disable-nan-check commandline argument to disable this check.",
    ),
}


@dataclass
class StandIn:
    """The server, what it has, what is wrong with it at the moment, and what it was asked.

    Faults of any request, or of those to `fault_path` alone: `reset` (the connection is reset
    before the request was read), `cut answer` (half of it comes), `502` (a proxy's page), `html`
    and `not json` (another program answers), `slow` (no answer), `redirect` (to the same server by
    another name). Faults of txt2img: `500 out of memory`, `nan`, `interrupted` (half a picture),
    `black`, `other model` (somebody loads another, for good), `wrong seed`, `jpg`, `no effect` (the
    LoRA fits nowhere in the model: its hash is told, but it changes nothing). `hostile` has more of
    both.
    """

    folder: Path
    checkpoints: dict[str, str] = field(
        default_factory=lambda: {"anything-v5": hashlib.sha256(b"anything-v5").hexdigest()}
    )
    """Name and SHA-256."""
    loaded: str = ""
    """The first one, unless told."""
    login: tuple[str, str] | None = None
    api: bool = True
    """Whether it was started with --api."""
    page: bool = True
    """Whether it was started without --nowebui."""
    hashing: bool = True
    """Whether it was started without --no-hashing."""
    settings: dict[str, Any] = field(default_factory=dict)
    """The options; those not given have their defaults."""
    settings_saved: bool = True
    """Whether `Apply settings` was ever pressed: if not, what a request overrides stays so."""
    painter: Painter | None = None
    """Who draws instead, with a truth planted about the LoRAs."""
    version: str | None = "v1.10.1"
    delay: float = 0
    """Seconds per picture."""
    port: int = 0
    fault: str = ""
    faults_left: int = -1
    """Answers that the fault still spoils; -1: for ever."""
    faults_after: int = 0
    """Answers that stay good before it begins."""
    fault_path: str = ""
    """How the path of spoiled requests ends."""
    asked: list[tuple[str, str, Any]] = field(default_factory=list)
    """Method, path and body."""
    drawn: int = 0
    sent: int = 0
    """Bytes of hostile answers that were taken."""
    told_paths: dict[str, str] = field(default_factory=dict)
    """Where it says that a LoRA is, by name; of those not given it tells the truth."""
    url: str = ""

    def __post_init__(self) -> None:
        self.lora_folder = self.folder / "models" / "Lora"
        self.networks = Networks(self.lora_folder, self.hashing)
        self.networks.refresh()
        self.closing, self.lock, self.queue = threading.Event(), threading.Lock(), threading.Lock()
        self.loaded = self.loaded or next(iter(self.checkpoints), "")
        self.seen = {self.loaded}
        """Checkpoints that were loaded so far: it knows the SHA-256 of these alone."""
        known = dict(self.settings)
        if self.loaded:
            known |= {"sd_model_checkpoint": self.title(self.loaded)}
            known |= {"sd_checkpoint_hash": self.sha256(self.loaded)}
        self.saved = set(OPTIONS if self.settings_saved else known)
        """Options that are in config.json."""
        self.settings = OPTIONS | known
        self.began = 0.0
        self.state: dict[str, Any] = {"skipped": False, "interrupted": False}
        self.state |= {"stopping_generation": False, "job": "", "job_count": 0}
        self.state |= {"job_timestamp": "0", "job_no": 0, "sampling_step": 0, "sampling_steps": 0}

    def spoils(self, path: str) -> str:
        """Return the fault of this request, or ''."""
        place = self.fault_path or ("" if self.fault in ANSWERS else "txt2img")
        with self.lock:
            if not self.fault or not path.endswith(place) or self.faults_left == 0:
                return ""
            if self.faults_after > 0:
                self.faults_after -= 1
                return ""
            self.faults_left -= 1 if self.faults_left > 0 else 0
            return self.fault

    # ------------------------------------------------------------------ checkpoints and options

    def sha256(self, name: str) -> str | None:
        return self.checkpoints[name] if self.hashing and name in self.seen else None

    def title(self, name: str) -> str:
        sha256 = self.sha256(name)
        return f"{name}.safetensors" + (f" [{sha256[:10]}]" if sha256 else "")

    def checkpoint(self, word: object) -> str | None:
        """Return the checkpoint that goes by this name, title or hash."""
        for name in self.checkpoints:
            names = {name, f"{name}.safetensors", self.title(name)}
            if sha256 := self.sha256(name):
                names |= {sha256, sha256[:10], f"{name} [{sha256[:10]}]"}
            if word in names:
                return name
        return None

    def load(self) -> None:
        """Load the checkpoint that the options name, if another one is loaded."""
        if not self.checkpoints:
            raise FileNotFoundError("No checkpoints found.")
        first = next(iter(self.checkpoints))
        name = self.checkpoint(self.settings["sd_model_checkpoint"]) or first
        if name != self.loaded:
            self.loaded = name
            self.seen.add(name)
            self.settings["sd_model_checkpoint"] = self.title(name)
            self.settings["sd_checkpoint_hash"] = self.sha256(name)

    def load_another(self) -> None:
        """Load another checkpoint, as somebody at the page does."""
        self.checkpoints.setdefault("other-model", hashlib.sha256(b"other-model").hexdigest())
        other = next(name for name in reversed(self.checkpoints) if name != self.loaded)
        self.settings["sd_model_checkpoint"] = self.title(other)
        self.load()

    def set_option(self, key: str, value: object) -> None:
        if key not in OPTIONS:
            raise KeyError(key)
        self.settings[key] = value
        self.saved.add(key)
        if key == "sd_model_checkpoint":
            self.load()

    # ------------------------------------------------------------------------------ the routes

    def get_options(self) -> object:
        """Return the options; a whole number that was saved comes as a float."""
        answer = {key: self.settings[key] for key in OPTIONS}
        for key in self.saved:
            if type(OPTIONS.get(key)) is int and OPTIONS[key]:
                answer[key] = float(answer[key])
        return answer

    def post_options(self, body: dict[str, Any]) -> object:
        name = body.get("sd_model_checkpoint")
        if name is not None and self.checkpoint(name) is None:
            raise RuntimeError(f"model {name!r} not found")
        for key, value in body.items():
            self.set_option(key, value)
        return None

    def get_cmd_flags(self) -> object:
        places = {"data_dir": self.folder, "lora_dir": self.lora_folder}
        own: dict[str, Any] = {key: str(path) for key, path in places.items()}
        own["port"] = str(self.port)
        return FLAGS | own | {"api_auth": ":".join(self.login) if self.login else None}

    def get_samplers(self) -> object:
        return [{"name": k, "aliases": v[0], "options": v[1]} for k, v in SAMPLERS.items()]

    def get_schedulers(self) -> object:
        keys = ("name", "label", "aliases", "default_rho", "need_inner_model")
        return [dict(zip(keys, (k, *v), strict=True)) for k, v in SCHEDULERS.items()]

    def get_sd_models(self) -> object:
        folder = self.folder / "models" / "Stable-diffusion"
        return [
            {
                "title": self.title(name),
                "model_name": name,
                "hash": (self.sha256(name) or "")[:10] or None,
                "sha256": self.sha256(name),
                "filename": str(folder / f"{name}.safetensors"),
                "config": None,
            }
            for name in self.checkpoints
        ]

    def get_loras(self) -> object:
        return [
            {
                "name": k,
                "alias": v.alias,
                "path": self.told_paths.get(k, str(v.path)),
                "metadata": v.metadata,
            }
            for k, v in list(self.networks.by_name.items())
        ]

    def post_refresh_loras(self) -> object:
        self.networks.refresh()
        return None

    def get_progress(self) -> object:
        state, done = dict(self.state), 0.0
        if state["job_count"]:
            steps = state["sampling_step"] / state["sampling_steps"]
            done = min(0.01 + (state["job_no"] + steps) / state["job_count"], 1)
        passed = time.monotonic() - self.began
        left = passed / done - passed if done else 0.0
        answer = {"progress": done, "eta_relative": left, "state": state}
        return answer | {"current_image": None, "textinfo": None}

    def post_interrupt(self) -> object:
        self.state["interrupted"] = True
        return {}

    def post_skip(self) -> object:
        self.state["skipped"] = True
        return None

    def post_txt2img(self, body: dict[str, Any], fault: str = "") -> object:
        request = request_of(body)
        for name in (request["script_name"], *(request["alwayson_scripts"] or {})):
            if name:
                raise failed("HTTPException", detail=f"Script '{name}' not found", status=422)
        sampler = request["sampler_name"] or request["sampler_index"] or next(iter(SAMPLERS))
        sampler, schedule = sampler_and_schedule(sampler, request["scheduler"], api=True)
        wanted = request["scheduler"] or schedule
        sampler, schedule = sampler_and_schedule(sampler, wanted, api=False)
        with self.queue:
            if fault == "other model":
                self.load_another()
            overrides = request["override_settings"] or {}
            kept = {key: self.settings[key] for key in overrides if key in self.saved}
            try:
                if self.checkpoint(overrides.get("sd_model_checkpoint")) is None:
                    overrides.pop("sd_model_checkpoint", None)
                    self.load()
                for key, value in overrides.items():
                    self.set_option(key, value)
                info, pictures = self.draw(request, sampler, schedule, fault)
            finally:
                self.state |= {"job": "", "job_count": 0}
                if request["override_settings_restore_afterwards"]:
                    self.settings |= kept
        kind = "jpg" if fault == "jpg" else str(self.settings["samples_format"]).lower()
        if kind not in ("png", "jpg", "jpeg", "webp"):
            raise failed("HTTPException", detail="Invalid image format")
        quality = int(self.settings["jpeg_quality"])
        images = [drawing.encoded(image, text, kind, quality) for image, text in pictures]
        sent = images if request["send_images"] else []
        answer = {"images": sent, "parameters": request, "info": json.dumps(info)}
        return hostile.spoiled(answer, fault)

    # -------------------------------------------------------------------------------- a picture

    def draw(
        self, request: dict[str, Any], sampler: str, schedule: str, fault: str
    ) -> tuple[dict[str, Any], list[tuple[Image.Image, str]]]:
        """Return the answer's `info`, and each picture with the infotext that goes within it."""
        if fault in ERRORS:
            raise failed(*ERRORS[fault])
        options, steps, batch = self.settings, request["steps"], request["batch_size"]
        size = (request["width"], request["height"])
        clip_skip, weights = options["CLIP_stop_at_last_layers"], self.checkpoints[self.loaded]
        prompt, negative = self.prompts(request)
        words, tags = without_tags(prompt)
        self.networks.load([] if request["disable_extra_networks"] else tags)
        # what no number, or none of that size, can be, fails where the real one fails
        text = [words, tags, steps // steps, steps, -clip_skip, size]
        if steps < 0:
            raise RuntimeError("number of steps must be non-negative")
        if min(size) < 8:
            raise RuntimeError("Kernel size can't be greater than actual input size")
        effects = self.networks.effects(weights, text)
        effects = ([], []) if fault == "no effect" else effects
        extra = self.extra(sampler, schedule)
        varied = bool(request["subseed_strength"])
        seed, subseed = (fixed(request[key]) for key in ("seed", "subseed"))
        count = batch * request["n_iter"]
        seeds = [seed + (fault == "wrong seed") + (0 if varied else at) for at in range(count)]
        subseeds = [subseed + at for at in range(count)]
        look = [words, negative, steps, request["cfg_scale"], sampler, schedule, clip_skip, weights]
        look += [options["sd_vae"], request["subseed_strength"]]
        self.begin(request)
        pictures, texts = [], []
        for at in range(count):
            half = self.wait(steps) or fault == "interrupted"
            self.state["interrupted"] |= fault == "interrupted"
            self.state |= {"job_no": (at + 1) // batch, "sampling_step": 0}
            unlike = [*look, subseeds[at]] if varied else look
            image = drawing.picture(unlike, seeds[at], size, effects, half)
            if self.painter:
                image = self.painter.picture(words, seeds[at], size, *self.epoch_and_weight())
            image = Image.new("RGB", image.size) if fault == "black" else image
            values = self.values(request, sampler, schedule, seeds[at], subseeds[at])
            values |= extra | {
                "Version": self.version if options["add_version_to_infotext"] else None
            }
            texts.append(drawing.infotext(prompt, negative, values))
            pictures.append((image, texts[-1] if options["enable_pnginfo"] else ""))
            self.drawn += 1
        same = ["subseed_strength", "width", "height", "cfg_scale", "steps", "batch_size"]
        same += ["seed_resize_from_w", "seed_resize_from_h", "denoising_strength"]
        faces, (vae, vae_hash) = bool(request["restore_faces"]), self.vae()
        return {key: request[key] for key in same} | {
            "prompt": prompt,
            "all_prompts": [prompt] * count,
            "negative_prompt": negative,
            "all_negative_prompts": [negative] * count,
            "seed": seeds[0],
            "all_seeds": seeds,
            "subseed": subseed,
            "all_subseeds": subseeds,
            "sampler_name": sampler,
            "restore_faces": faces,
            "face_restoration_model": options["face_restoration_model"] if faces else None,
            "sd_model_name": self.loaded,
            "sd_model_hash": (self.sha256(self.loaded) or "")[:10] or None,
            "sd_vae_name": vae,
            "sd_vae_hash": vae_hash,
            "extra_generation_params": extra,
            "index_of_first_image": 0,
            "infotexts": texts,
            "styles": request["styles"] or [],
            "job_timestamp": self.state["job_timestamp"],
            "clip_skip": clip_skip,
            "is_using_inpainting_conditioning": False,
            "version": self.version,
        }, pictures

    def epoch_and_weight(self) -> tuple[int, float]:
        """Return of which epoch the prompt's LoRA is, and its weight; 0 and 0 without one."""
        for lora in self.networks.loaded:
            if (known := self.networks.find(lora.name)) and lora.unet:
                return int(known.metadata.get("ss_epoch", 0)), lora.unet
        return 0, 0.0

    def prompts(self, request: dict[str, Any]) -> tuple[str, str]:
        """Return both prompts, without comments and with the LoRA that the options add to all."""
        prompt, negative = request["prompt"], request["negative_prompt"] or ""
        assert prompt is not None
        if self.settings["enable_prompt_comments"]:
            prompt, negative = without_comments(prompt), without_comments(negative)
        always = self.settings["sd_lora"]
        tags, wanted = without_tags(prompt)[1], not request["disable_extra_networks"]
        if wanted and always in self.networks.by_name and all(tag[0] != always for tag in tags):
            prompt += f"<lora:{always}:{self.settings['extra_networks_default_multiplier']}>"
        return prompt, negative

    def extra(self, sampler: str, schedule: str) -> dict[str, Any]:
        """Return what the infotext says besides: the LoRAs, and the schedule if it has a name."""
        told: dict[str, Any] = {}
        loras = {each.name.replace(",", ""): each.hash[:12] for each in self.networks.loaded}
        hashes = ", ".join(f"{name}: {digest}" for name, digest in loras.items() if digest)
        if hashes and self.settings["lora_add_hashes_to_infotext"]:
            told["Lora hashes"] = hashes
        own = SAMPLERS[sampler][1].get("scheduler", "automatic")
        used = SCHEDULERS[own][0] if schedule == "Automatic" else schedule
        if sampler not in WITHOUT_SCHEDULE and used != "Automatic":
            told["Schedule type"] = used
        return told

    def vae(self) -> tuple[str | None, str | None]:
        name = self.settings["sd_vae"]
        if name in ("Automatic", "None"):
            return None, None
        return name, hashlib.sha256(name.encode()).hexdigest()[:10]

    def values(
        self, request: dict[str, Any], sampler: str, schedule: str, seed: int, subseed: int
    ) -> dict[str, Any]:
        """Return the infotext's values, without what `extra` tells."""
        options, (vae, vae_hash) = self.settings, self.vae()
        varied, faces = bool(request["subseed_strength"]), request["restore_faces"]
        clip_skip, delta = options["CLIP_stop_at_last_layers"], options["eta_noise_seed_delta"]
        digest = (self.sha256(self.loaded) or "")[:10] or None
        return {
            "Steps": request["steps"],
            "Sampler": sampler,
            "Schedule type": schedule,
            "CFG scale": request["cfg_scale"],
            "Seed": seed,
            "Face restoration": options["face_restoration_model"] if faces else None,
            "Size": f"{request['width']}x{request['height']}",
            "Model hash": digest if options["add_model_hash_to_info"] else None,
            "Model": self.loaded if options["add_model_name_to_info"] else None,
            "VAE hash": vae_hash if options["add_vae_hash_to_info"] else None,
            "VAE": vae if options["add_vae_name_to_info"] else None,
            "Variation seed": subseed if varied else None,
            "Variation seed strength": request["subseed_strength"] if varied else None,
            "Clip skip": clip_skip if clip_skip > 1 else None,
            "ENSD": delta if delta and "uses_ensd" in SAMPLERS[sampler][1] else None,
            "RNG": options["randn_source"] if options["randn_source"] != "GPU" else None,
            "Tiling": "True" if request["tiling"] else None,
        }

    def begin(self, request: dict[str, Any]) -> None:
        self.began = time.monotonic()
        self.state |= {"skipped": False, "interrupted": False, "job": "scripts_txt2img"}
        self.state |= {"job_count": request["n_iter"], "job_no": 0, "sampling_step": 0}
        self.state |= {"sampling_steps": request["steps"]}
        self.state |= {"job_timestamp": time.strftime("%Y%m%d%H%M%S")}

    def wait(self, steps: int) -> bool:
        """Let the time of a picture pass, step by step; return whether it was cut short."""
        for step in range(steps if self.delay else 0):
            if self.stopped() or self.closing.wait(self.delay / steps):
                break
            self.state["sampling_step"] = step
        return self.stopped()

    def stopped(self) -> bool:
        return bool(self.state["interrupted"] or self.state["skipped"])


def fixed(seed: int | None) -> int:
    return random.randrange(4294967294) if seed is None or seed == -1 else seed


def without_comments(prompt: str) -> str:
    """Return the prompt without what `#` hides.

    >>> without_comments("smile # a comment\\nnasu")
    'smile \\nnasu'
    """
    for start in (r"(^|\n)", ""):
        prompt = re.sub(start + r"#.*(\n|$)", "\n", prompt)
    return prompt
