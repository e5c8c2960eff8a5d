"""A stand-in for a checkout of sd-scripts and its Python: the same options, files and logs.

What it does the same was read off the real thing (v0.10.1 and main of 2026-02), and stands in
tests/standins/README.md. It trains nothing: its loss is a function of seed, learning rate, step,
the tokens it was shown and of what the state before it held. Orders by environment variables:

STANDIN_DIE      `3`: die (SIGKILL) in the middle of epoch 3; `3 state`: while writing its state
STANDIN_DATA     `none`: find no pictures, as sd-scripts does with a wrong folder, and exit with 0
STANDIN_LOSS     `nan`: no loss is a number
STANDIN_CAPTIONS `lost`: find no captions, whatever --caption_extension says
STANDIN_RECEIPT  `key=value`: write this into the LoRA's metadata, whatever was trained
STANDIN_LEARNED  a file for what was learned: [epoch, picture, tokens] of every picture shown,
                 at epoch 0 those of the validation
STANDIN_NAN_LATENTS  any: the VAE makes no numbers in half precision, without --no_half_vae
STANDIN_RICH     `no`: the package rich, which formats the log, is not installed
STANDIN_SLOW     seconds a batch takes
STANDIN_DEVICE   cuda (default), mps or cpu: what torch finds
STANDIN_CAPABILITY  7.5 (default, a T4): what torch says that the card can do
STANDIN_FAIL     a last line to fail with, such as "CUDA out of memory"
"""
