"""Making decoders: the loop, its heads, losses, closed form and processes."""
