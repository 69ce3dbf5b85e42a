"""The contact sheet of a photo: every decoder that is ready, at every layer of one network."""

from collections.abc import Iterator

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration, decoder_order
from explorer.decoders import decoder_spec
from explorer.drawing import reconstruct
from explorer.encoders.table import encoder_spec
from explorer.errors import UserError
from explorer.explorer import AnyPhoto, Explorer
from explorer.reconstruction import ContactSheet
from explorer.wanted import check_wanted


def contact_sheet(
    explorer: Explorer, photo: AnyPhoto, architecture: str = "vgg16", weights: str = "imagenet"
) -> Iterator[ContactSheet]:
    """Yield a photo's contact sheet as it grows by a decoder at a time; the last one is whole.

    Nothing is fitted for it. Raises UserError for a photo that cannot be used, an unknown name and a network
    without a decoder, and NotWanted when it is not wanted any more.
    """
    photo, rows = explorer.photo(photo), sheet_rows(explorer.catalogue(), architecture, weights)
    found = {}
    for number, row in enumerate(rows, start=1):
        check_wanted()
        ready = [c for c in row if c in explorer.catalogue().entries]
        drawn = reconstruct(explorer.engine, photo, ready)
        found |= dict(zip(ready, drawn, strict=True))
        yield ContactSheet(photo, rows, dict(found), number / len(rows))


def sheet_rows(catalogue: Catalogue, architecture: str, weights: str) -> list[list[Configuration]]:
    """Return the rows of a contact sheet: a row a decoder and loss, with all layers that have any decoder.

    A configuration in it need not be ready. Raises UserError for an unknown name, and if none is.
    """
    spec, wanted = encoder_spec(architecture), Configuration(architecture, weights=weights)
    ready = [c for c in catalogue.single if (c.architecture, c.weights) == (wanted.architecture, weights)]
    if not ready:
        others = dict.fromkeys(f"{c.architecture} ({c.weights})" for c in catalogue.single)
        raise UserError(
            f"There is no decoder of {wanted.architecture} with {weights} weights: "
            f"choose one of these: {', '.join(others)}."
        )
    layers = [name for name in spec.layer_names if name in {c.layer for c in ready}]
    ways = sorted({(c.decoder, c.loss) for c in ready}, key=_in_registry)
    return [[Configuration(architecture, layer, *way, weights) for layer in layers] for way in ways]


def _in_registry(way: tuple[str, str]) -> tuple:
    decoder, loss = way
    return decoder_order(decoder), decoder_spec(decoder).losses.index(loss)
