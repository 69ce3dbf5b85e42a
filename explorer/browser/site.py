"""The folder of static files that is the edition without a server."""

import hashlib
import json
import shutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image

from explorer import Explorer
from explorer.browser.graphs import decoder_graphs, encoder_graphs
from explorer.browser.probe import probes
from explorer.browser.runtime import copy_runtime
from explorer.browser.tables import SHOWN, offered, page_tables
from explorer.configurations import Configuration
from explorer.encoders.table import encoder_spec
from explorer.encoders.weights import encoder_file
from explorer.errors import UserError, unknown
from explorer.folders import BUNDLED, EXAMPLES, SITE_TABLES
from explorer.measures.metrics import METRICS
from explorer.ui.static_files import STATIC as SHARED
from explorer.ui.texts import texts

STATIC = Path(__file__).with_name("static")
SHARED_STYLES = ("colours", "cards")
NETWORKS = ("alexnet", "efficientnet_lite0", "vgg16", "dinov2_small")
JUDGE = "lpips_alex"  # LPIPS: its weights of AlexNet's layers
THUMBNAIL, QUALITY = 96, 85
PARTS = ("static", "runtime", "graphics", "encoders", "decoders", "examples")


@dataclass
class Site:
    """The site being written into `folder`: the networks named, and what is offered of them."""

    folder: Path
    explorer: Explorer
    networks: Sequence[str] = NETWORKS
    server: str | None = None
    runtime: Path | None = None
    offered: list[Configuration] = field(init=False)

    def __post_init__(self) -> None:
        for name in self.networks:
            if name not in NETWORKS:
                raise unknown("network", name, NETWORKS)
        self.offered = offered(self.explorer, self.networks)

    def write(self) -> Iterator[float]:
        """Write all files, yielding the share that is done. Raises UserError for another kind of folder."""
        self._make_room()
        steps = list(self._steps())
        for done, step in enumerate(steps, start=1):
            step()
            yield done / (len(steps) + 1)
        self._write_page()
        yield 1.0

    def _make_room(self) -> None:
        if self.folder.exists() and any(self.folder.iterdir()) and not (self.folder / SITE_TABLES).exists():
            raise UserError(
                f"{self.folder} holds something else: choose an empty or a new folder for the site."
            )
        for part in PARTS:
            shutil.rmtree(self.folder / part, ignore_errors=True)
            (self.folder / part).mkdir(parents=True)

    def _steps(self) -> Iterator[Callable[[], None]]:
        yield lambda: copy_runtime(self.folder, self.runtime)
        for architecture, weights in dict.fromkeys((c.architecture, c.weights) for c in self.offered):
            yield lambda a=architecture, w=weights: self._write_encoder(a, w)
            yield lambda a=architecture, w=weights: self._write_decoders(a, w)

    def _write_encoder(self, architecture: str, weights: str) -> None:
        layers = {c.layer for c in self.offered if (c.architecture, c.weights) == (architecture, weights)}
        ordered = [name for name in encoder_spec(architecture).layer_names if name in layers]
        name = f"{architecture}-{weights}"
        file = self.folder / "encoders" / f"{name}.safetensors"
        if weights == "imagenet":
            shutil.copyfile(encoder_file(architecture, self.explorer.engine.folder), file)
        for layer, graph in encoder_graphs(
            self.explorer.engine.encoder(architecture, weights), ordered, file
        ).items():
            (file.parent / f"{name}-{layer}.onnx").write_bytes(graph)

    def _write_decoders(self, architecture: str, weights: str) -> None:
        here = [c for c in self.offered if (c.architecture, c.weights) == (architecture, weights)]
        decoders = {}
        for c in here:
            source = self.explorer.catalogue().entries[c]
            file = self.folder / "decoders" / source.name
            shutil.copyfile(source, file)
            decoders[file] = self.explorer.engine.decoder(c)
        for file, graph in decoder_graphs(decoders).items():
            file.with_suffix(".onnx").write_bytes(graph)

    def _write_page(self) -> None:
        for source in sorted(STATIC.iterdir()):
            target = "" if source.name in ("sw.js", "manifest.webmanifest") else "static"
            shutil.copyfile(source, self.folder / target / source.name)
        for name in SHARED_STYLES:
            shutil.copyfile(SHARED / "css" / f"{name}.css", self.folder / "static" / f"{name}.css")
        shutil.copyfile(BUNDLED / "LICENCES.md", self.folder / "LICENCES.md")
        self._write_examples()
        if "alexnet" in self.networks:
            shutil.copyfile(encoder_file(JUDGE), self.folder / "encoders" / f"{JUDGE}.safetensors")
        tables = page_tables(self.offered, self.explorer, self.server)
        tables["probes"] = probes(self.offered, self.explorer)
        tables["files"] = {
            str(path.relative_to(self.folder)): [path.stat().st_size, zlib.crc32(path.read_bytes())]
            for part in ("runtime", "graphics", "encoders", "decoders")
            for path in sorted((self.folder / part).iterdir())
        }
        text = texts("site")
        (self.folder / "index.html").write_text(
            text.page(tables, [METRICS[key] for key in SHOWN]), encoding="utf-8"
        )
        (self.folder / "README.md").write_text(text.space(), encoding="utf-8")
        (self.folder / SITE_TABLES).write_text(json.dumps(tables), encoding="utf-8")
        self._date_worker()

    def _write_examples(self) -> None:
        for photo in sorted(EXAMPLES.glob("*.jpg")):
            shutil.copyfile(photo, self.folder / "examples" / photo.name)
            with Image.open(photo) as image:
                small = image.convert("RGB")
                small.thumbnail((2 * THUMBNAIL, 2 * THUMBNAIL))
                small.save(self.folder / "examples" / f"{photo.stem}.small.webp", quality=QUALITY)
        shutil.copyfile(EXAMPLES / "CREDITS.md", self.folder / "examples" / "CREDITS.md")

    def _date_worker(self) -> None:
        """Tell the service worker what to keep from the start, and a version that changes with any of it."""
        first = [self.folder / name for name in ("index.html", SITE_TABLES, "manifest.webmanifest")]
        first += [p for part in ("static", "runtime") for p in sorted((self.folder / part).iterdir())]
        first += sorted((self.folder / "examples").glob("*.webp"))
        digest = hashlib.sha256()
        for path in first:
            digest.update(path.read_bytes())
        names = ["./"] + [str(path.relative_to(self.folder)) for path in first if path.name != "index.html"]
        worker = self.folder / "sw.js"
        constants = {'"VERSION"': json.dumps(digest.hexdigest()[:16]), "[/* FIRST */]": json.dumps(names)}
        source = worker.read_text(encoding="utf-8")
        for placeholder, value in constants.items():
            source = source.replace(placeholder, value)
        worker.write_text(source, encoding="utf-8")
