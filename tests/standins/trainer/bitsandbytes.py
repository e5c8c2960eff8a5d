"""A stand-in for bitsandbytes: it is there."""
