"""A state as torch 2.14.1 and accelerate 1.6.0 write it, of a network of ten numbers: make.py."""
