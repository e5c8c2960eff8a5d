"""What AUTOMATIC1111's WebUI 1.10.1 knows by name: samplers, schedules, options, flags.

Read off its answers, and modules/sd_samplers*.py, sd_schedulers.py, shared_options.py and
cmd_args.py of v1.10.1.
"""

from typing import Any

KARRAS, EXPONENTIAL = {"scheduler": "karras"}, {"scheduler": "exponential"}
BROWNIAN, ENSD = {"brownian_noise": "True"}, {"uses_ensd": "True"}
TWICE, SHORT = {"second_order": "True"}, {"discard_next_to_last_sigma": "True"}

SAMPLERS: dict[str, tuple[list[str], dict[str, str]]] = {
    "DPM++ 2M": (["k_dpmpp_2m"], KARRAS),
    "DPM++ SDE": (["k_dpmpp_sde"], KARRAS | TWICE | BROWNIAN),
    "DPM++ 2M SDE": (["k_dpmpp_2m_sde"], EXPONENTIAL | BROWNIAN),
    "DPM++ 2M SDE Heun": (
        ["k_dpmpp_2m_sde_heun"],
        EXPONENTIAL | BROWNIAN | {"solver_type": "heun"},
    ),
    "DPM++ 2S a": (["k_dpmpp_2s_a"], KARRAS | ENSD | TWICE),
    "DPM++ 3M SDE": (["k_dpmpp_3m_sde"], EXPONENTIAL | SHORT | BROWNIAN),
    "Euler a": (["k_euler_a", "k_euler_ancestral"], ENSD),
    "Euler": (["k_euler"], {}),
    "LMS": (["k_lms"], {}),
    "Heun": (["k_heun"], TWICE),
    "DPM2": (["k_dpm_2"], KARRAS | SHORT | TWICE),
    "DPM2 a": (["k_dpm_2_a"], KARRAS | SHORT | ENSD | TWICE),
    "DPM fast": (["k_dpm_fast"], ENSD),
    "DPM adaptive": (["k_dpm_ad"], ENSD),
    "Restart": (["restart"], KARRAS | TWICE),
    "DDIM": (["ddim"], {}),
    "DDIM CFG++": (["ddim_cfgpp"], {}),
    "PLMS": (["plms"], {}),
    "UniPC": (["unipc"], {}),
    "LCM": (["k_lcm"], {}),
}
"""Aliases and options; the first is taken in place of an unknown one."""

WITHOUT_SCHEDULE = ("DDIM", "DDIM CFG++", "PLMS", "UniPC")
"""They ignore the schedule, and yet write the one asked for into the infotext."""

SCHEDULERS: dict[str, tuple[str, list[str] | None, float, bool]] = {
    "automatic": ("Automatic", None, -1.0, False),
    "uniform": ("Uniform", None, -1.0, True),
    "karras": ("Karras", None, 7.0, False),
    "exponential": ("Exponential", None, -1.0, False),
    "polyexponential": ("Polyexponential", None, 1.0, False),
    "sgm_uniform": ("SGM Uniform", ["SGMUniform"], -1.0, True),
    "kl_optimal": ("KL Optimal", None, -1.0, False),
    "align_your_steps": ("Align Your Steps", None, -1.0, False),
    "simple": ("Simple", None, -1.0, True),
    "normal": ("Normal", None, -1.0, True),
    "ddim": ("DDIM", None, -1.0, True),
    "beta": ("Beta", None, -1.0, True),
}
"""Label, aliases, default_rho, need_inner_model."""


def sampler_and_schedule(sampler: str, schedule: str | None, api: bool) -> tuple[str, str]:
    """Return the sampler and the schedule's label that the WebUI makes of what it is told.

    The `api` turns a sampler's own schedule into Automatic, the drawing itself doesn't.

    >>> sampler_and_schedule("DPM++ 2M SDE Karras", None, api=True)
    ('DPM++ 2M SDE', 'Karras')
    >>> sampler_and_schedule("DPM++ 2M Karras", None, api=True)
    ('DPM++ 2M', 'Automatic')
    >>> sampler_and_schedule("k_euler", "KARRAS", api=True)
    ('DPM++ 2M', 'Automatic')
    """
    known = {word: name for name in SCHEDULERS for word in (name, SCHEDULERS[name][0])}
    found = known.get(schedule or "", "automatic")
    for name, (label, aliases, _, _) in SCHEDULERS.items():
        for word in (label, name, *(aliases or [])):
            if sampler.endswith(f" {word}"):
                sampler, found = sampler.removesuffix(f" {word}"), name
                break
    sampler = sampler if sampler in SAMPLERS else next(iter(SAMPLERS))
    if api and SAMPLERS[sampler][1].get("scheduler") == found:
        found = "automatic"
    return sampler, SCHEDULERS[found][0]


OPTIONS: dict[str, Any] = {
    "CLIP_stop_at_last_layers": 1,
    "add_model_hash_to_info": True,
    "add_model_name_to_info": True,
    "add_vae_hash_to_info": True,
    "add_vae_name_to_info": True,
    "add_version_to_infotext": True,
    "emphasis": "Original",
    "enable_pnginfo": True,
    "enable_prompt_comments": True,
    "eta_noise_seed_delta": 0,
    "extra_networks_default_multiplier": 1.0,
    "face_restoration": False,
    "face_restoration_model": "CodeFormer",
    "jpeg_quality": 80,
    "live_previews_enable": True,
    "lora_add_hashes_to_infotext": True,
    "lora_functional": False,
    "lora_preferred_name": "Alias from file",
    "outdir_txt2img_samples": "outputs/txt2img-images",
    "randn_source": "GPU",
    "samples_format": "png",
    "samples_save": True,
    "sd_checkpoint_hash": "",
    "sd_hypernetwork": "None",
    "sd_lora": "None",
    "sd_model_checkpoint": None,
    "sd_vae": "Automatic",
    "send_seed": True,
    "show_progress_every_n_steps": 10,
    "tiling": False,
}
"""Some of its options and their defaults; any other is unknown here."""

FLAGS: dict[str, Any] = {
    "api": True,
    "api_auth": None,
    "api_log": False,
    "api_server_stop": False,
    "autolaunch": False,
    "ckpt_dir": None,
    "cors_allow_origins": None,
    "device_id": None,
    "disable_nan_check": False,
    "freeze_settings": False,
    "gradio_auth": None,
    "listen": False,
    "lowvram": False,
    "medvram": False,
    "models_dir": None,
    "no_half": False,
    "no_half_vae": False,
    "no_hashing": False,
    "nowebui": False,
    "port": None,
    "precision": "autocast",
    "server_name": None,
    "share": False,
    "subpath": None,
    "timeout_keep_alive": 30,
    "use_cpu": [],
    "vae_dir": None,
    "vae_path": None,
    "xformers": False,
}
"""Some of its flags; `lora_dir` and others that hold a path are the server's own."""
