"""Training losses: weighted sums of mean squared error and LPIPS on photos in [0, 1]."""

from torch import Tensor
from torch.nn.functional import mse_loss

from explorer.measures.lpips import lpips_network

WEIGHTS = {"mse": (1.0, 0.0), "lpips": (0.0, 1.0), "hybrid": (0.5, 0.5)}  # loss -> (w_mse, w_lpips)


def reconstruction_loss(
    loss: str, drawn: Tensor, original01: Tensor, lpips_window: tuple[slice, slice] | None = None
) -> Tensor:
    """Return w_mse * MSE + w_lpips * LPIPS of (N, 3, H, W) photos as a scalar.

    `drawn` is the decoder's unclamped output: clamping would stop the gradient where it is needed most.
    LPIPS, by far the dearer part, can be taken from a window (rows, columns) of the photos.
    """
    w_mse, w_lpips = WEIGHTS[loss]
    total = w_mse * mse_loss(drawn, original01) if w_mse else drawn.new_zeros(())
    if w_lpips:
        network = lpips_network(str(original01.device))
        window = (..., *lpips_window) if lpips_window else ...
        total = total + w_lpips * network(drawn[window], original01[window], normalize=True).mean()
    return total
