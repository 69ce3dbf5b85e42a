"""The command `site`: write the edition without a server."""

import argparse
from pathlib import Path


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for the site's files")
    parser.add_argument(
        "--networks",
        nargs="+",
        metavar="NAME",
        help="default: all whose weights are bundled; the first is shown at first",
    )
    parser.add_argument(
        "--server", metavar="URL", help="the server's page, which offers the rest, to link to"
    )
    parser.add_argument(
        "--runtime",
        type=Path,
        metavar="FILE",
        help="the npm package of onnxruntime-web, where npm is of no use",
    )


def site(options: argparse.Namespace) -> None:
    """Write the site. Raises UserError, for a part of PyTorch's exporter that is not installed, too."""
    from tqdm import tqdm

    from explorer import Explorer
    from explorer.errors import UserError

    try:
        from explorer.browser.site import NETWORKS, Site
    except ModuleNotFoundError as error:
        raise UserError(
            f"{error.name} is needed to make the site: pip install -r requirements-site.txt"
        ) from error

    explorer = Explorer(options.checkpoints, device="cpu")
    made = Site(options.out, explorer, options.networks or NETWORKS, options.server, options.runtime)
    with tqdm(total=100, desc="writing the site", unit="%", disable=None, leave=False) as bar:
        for share in made.write():
            bar.update(round(100 * share) - bar.n)
    print(f"{options.out}: serve it with python -m http.server --directory {options.out}")
