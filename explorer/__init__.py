"""See what a neural network keeps of a picture: frozen encoders, decoders, metrics, the app."""

from typing import TYPE_CHECKING, Any

from explorer.errors import UserError

if TYPE_CHECKING:
    from explorer.explorer import Explorer

__all__ = ["Explorer", "UserError"]


def __getattr__(name: str) -> Any:
    """Import what needs PyTorch when it is asked for: the help of a command line does not wait for it."""
    if name != "Explorer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from explorer.explorer import Explorer

    return Explorer
