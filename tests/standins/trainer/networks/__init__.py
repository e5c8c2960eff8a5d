"""The stand-in has a module for networks."""
