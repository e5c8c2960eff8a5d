"""Those that draw: each takes an order and gives a PNG."""
