"""What the selectors offer: labels, and the ready configuration nearest to what was asked."""

from collections.abc import Sequence

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration, FusedConfiguration
from explorer.decoders import DECODERS, LOSSES, decoder_spec
from explorer.encoders.table import ENCODERS, TIMM_PREFIX, encoder_spec
from explorer.encoders.weights import WEIGHTS
from explorer.errors import shortened
from explorer.results.measured import Results
from explorer.ui.texts import texts

DEFAULT = Configuration("vgg16", "block3", "upsample_conv", "features")
NOT_MEASURED = Results()
LOSS_TITLES = {name: f"{x.title[0].upper()}{x.title[1:]} – {x.aim}" for name, x in LOSSES.items()}
LOSS_NAMES = {name: x.title for name, x in LOSSES.items()}
text = texts("controls")

Choices = list[tuple[str, str]]


def settle(
    catalogue: Catalogue, wanted: Configuration, results: Results = NOT_MEASURED
) -> tuple[Configuration, str]:
    """Return the configuration on offer nearest to `wanted`, and what had to change in a sentence (else "").

    The architecture is kept first, then the weights, the layer, the decoder and the loss. A decoder that the
    layer lacks becomes the one that the judge prefers in `results`. Raises UserError for a timm model that
    cannot be shown.
    """
    architecture = wanted.architecture
    if not architecture.startswith(TIMM_PREFIX):
        architecture = _keep(architecture, catalogue.architectures, DEFAULT.architecture)
    weights = _keep(wanted.weights, ready_weights(catalogue, architecture), DEFAULT.weights)
    layers = catalogue.layers(architecture, weights)
    layer = _keep(wanted.layer, layers, _at_depth_of(wanted.layer, layers))
    place = (architecture, layer, weights)
    here = [c for c in catalogue.single if (c.architecture, c.layer, c.weights) == place]
    best = results.preferred(here) or DEFAULT
    decoder = _keep(wanted.decoder, catalogue.decoders(architecture, layer, weights), best.decoder)
    of_decoder = results.preferred(c for c in here if c.decoder == decoder) or DEFAULT
    loss = _keep(wanted.loss, catalogue.losses(architecture, layer, decoder, weights), of_decoder.loss)
    found = Configuration(architecture, layer, decoder, loss, weights)
    return found, _changes(wanted, found)


def ready_weights(catalogue: Catalogue, architecture: str) -> list[str]:
    """Return the kinds of encoder weights that an architecture has decoders for."""
    return [weights for weights in WEIGHTS if catalogue.layers(architecture, weights)]


def selector_choices(catalogue: Catalogue, c: Configuration) -> dict[str, Choices]:
    """Return what each selector offers next to the configuration `c`, as (label, value); keys are fields."""
    spec = encoder_spec(c.architecture)
    known = list(dict.fromkeys([*catalogue.architectures, c.architecture]))
    layers = [spec.layer(name) for name in catalogue.layers(c.architecture, c.weights)]
    decoders = catalogue.decoders(c.architecture, c.layer, c.weights)
    losses = catalogue.losses(c.architecture, c.layer, c.decoder, c.weights)
    return {
        "architecture": [(network_label(catalogue, name, c.weights), name) for name in known],
        "layer": [(text.layer.format(name=x.name, channels=x.channels, size=x.size), x.name) for x in layers],
        "decoder": [(decoder_spec(name).title, name) for name in decoders],
        "loss": [(LOSS_TITLES.get(name, name), name) for name in losses],
        "weights": [
            (WEIGHTS[x][0].upper() + WEIGHTS[x][1:], x) for x in ready_weights(catalogue, c.architecture)
        ],
    }


def network_label(catalogue: Catalogue, architecture: str, weights: str) -> str:
    """Return what a network is called where it can be chosen: also whether it needs a download first."""
    title = encoder_spec(architecture).full_title
    return text.to_download.format(network=title) if catalogue.must_download(architecture, weights) else title


def missing(catalogue: Catalogue, c: Configuration) -> list[tuple[Configuration, str]]:
    """Return what cannot be shown at the layer of `c`, with the reasons; nothing for a timm model."""
    return catalogue.missing_at(c.architecture, c.layer) if c.architecture in ENCODERS else []


def sources_key(c: FusedConfiguration) -> str:
    """Return what the sources are called in an address, such as "vgg16/block1 alexnet/conv1"."""
    control = "" if c.weights == "imagenet" else f" {c.weights}"
    return " ".join("/".join(place) for place in c.sources) + control


def decoder_key(c: FusedConfiguration) -> str:
    """Return what the decoder of an ensemble is called in an address, such as "pixel_shuffle/mse"."""
    return f"{c.decoder}/{c.loss}"


def ensemble_query(c: FusedConfiguration) -> dict[str, str]:
    """Return the address of an ensemble's view."""
    return {"tab": "ensemble", "sources": sources_key(c), "fusion": c.fusion, "with": decoder_key(c)}


def _keep(value: str, ready: Sequence[str], second: str) -> str:
    return next(name for name in (value, second, *ready) if name in ready)


def _at_depth_of(layer: str, layers: Sequence[str]) -> str:
    """Return the one of `layers` at the relative depth that `layer` has in the architecture it belongs to."""
    for spec in ENCODERS.values():
        if layer in spec.layer_names:
            depth = spec.layer_names.index(layer) / max(1, len(spec.layers) - 1)
            return layers[round(depth * (len(layers) - 1))]
    return layers[0]


def _changes(wanted: Configuration, found: Configuration) -> str:
    title, spec = encoder_spec(found.architecture).title, decoder_spec(found.decoder)
    notes = []
    if found.architecture != wanted.architecture:
        notes.append(text.other_network_shown.format(asked=shortened(wanted.architecture), network=title))
    if found.weights != wanted.weights:
        notes.append(text.other_weights.format(network=title, weights=WEIGHTS[found.weights]))
    if found.layer != wanted.layer:
        notes.append(text.other_layer.format(network=title, asked=shortened(wanted.layer), layer=found.layer))
    if found.decoder != wanted.decoder:
        known = DECODERS.get(wanted.decoder)
        name = known.title if known else text.quoted.format(asked=shortened(wanted.decoder))
        notes.append(text.other_decoder.format(asked=name, decoder=spec.title))
    elif found.loss != wanted.loss:
        loss = LOSS_NAMES.get(found.loss, found.loss)
        sentence = text.only_loss if spec.closed_form else text.other_loss
        notes.append(sentence.format(decoder=spec.title, loss=loss))
    return " ".join(notes)
