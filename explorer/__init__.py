"""See what a neural network keeps of a picture: frozen encoders, decoders, metrics, the app."""

from explorer.errors import UserError
from explorer.pipeline import Explorer

__all__ = ["Explorer", "UserError"]
