"""What goes to the Hugging Face Hub, as a Space or as a repository of checkpoints, in one commit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import UserError
from explorer.folders import BUNDLED, PROJECT
from trainer.reporting.model_card import model_card

CHECKPOINTS = ("LICENCES.md", "*.json", "encoders/*.safetensors", "decoders/*.safetensors")
SPACE = (
    *("app.py", "README.md", "LICENSE", "CONTRIBUTING.md", "requirements.txt"),
    *("docs/*.md", "assets/**/*", "explorer/**/*"),
    *(f"{BUNDLED.name}/{pattern}" for pattern in CHECKPOINTS),
)
NEEDED_BY_A_SPACE = ("title", "sdk", "sdk_version", "app_file", "license")  # in the README's front matter
Content = Path | bytes


@dataclass(frozen=True)
class Publication:
    """A repository, "owner/name", of the Hub's type "space" or "model", and its files by their paths."""

    repository: str
    repo_type: str
    files: Mapping[str, Content]

    @property
    def sizes(self) -> dict[str, int]:
        """The bytes of each file."""
        return {
            name: len(content) if isinstance(content, bytes) else content.stat().st_size
            for name, content in self.files.items()
        }


def space(repository: str, project: Path = PROJECT) -> Publication:
    """Return this app as a Space. Raises UserError for a README that does not configure one."""
    from huggingface_hub import metadata_load

    files = matching(project, SPACE)
    said = (metadata_load(project / "README.md") if "README.md" in files else None) or {}
    if missing := [key for key in NEEDED_BY_A_SPACE if key not in said]:
        raise UserError(f"The front matter of README.md lacks {', '.join(missing)}, which a Space needs.")
    for name in ("LICENSE", f"{BUNDLED.name}/LICENCES.md"):
        if name not in files:
            raise UserError(f"{name} is missing: nothing is published without its licence.")
    return Publication(checked(repository), "space", files)


def checkpoints(repository: str, folder: Path = BUNDLED) -> Publication:
    """Return a folder of checkpoints with a model card. Raises UserError without licences or decoders."""
    files: dict[str, Content] = dict(matching(folder, CHECKPOINTS))
    if "LICENCES.md" not in files:
        raise UserError(f"{str(folder)!r} has no LICENCES.md: nothing is published without its licence.")
    if not any(name.startswith("decoders/") for name in files):
        raise UserError(f"{str(folder)!r} has no decoders: give another folder with --from.")
    files["LICENSE"] = PROJECT / "LICENSE"
    files["README.md"] = model_card(repository, folder).encode()
    return Publication(checked(repository), "model", files)


def matching(folder: Path, patterns: tuple[str, ...]) -> dict[str, Path]:
    """Return the files of a folder that match, by their relative paths; nothing hidden, no caches."""
    found = {}
    for path in sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file()):
        parts = path.relative_to(folder).parts
        if not any(part.startswith((".", "__pycache__")) for part in parts):
            found["/".join(parts)] = path
    return found


def checked(repository: str) -> str:
    """Return a repository's name. Raises UserError unless it is OWNER/NAME, as the Hub spells it."""
    from huggingface_hub.utils import HFValidationError, validate_repo_id

    try:
        validate_repo_id(repository)
        _, _ = repository.split("/")
    except (HFValidationError, ValueError) as error:
        raise UserError(f"{repository[:60]!r} is no repository of the Hub: write OWNER/NAME.") from error
    return repository


def publish(publication: Publication, private: bool = False) -> str:
    """Make the repository if it is not there, commit all files at once and return its address.

    Files that are there and not here stay. The Hub says which ones are large; these go ahead of the commit.
    Raises UserError without a token, and when the Hub cannot be reached or refuses.
    """
    from huggingface_hub import CommitOperationAdd, HfApi, get_token
    from huggingface_hub.errors import HfHubHTTPError

    if not get_token():
        raise UserError(
            "There is no token for the Hub: run 'hf auth login', or set HF_TOKEN to one that may write."
        )
    api, where = HfApi(), publication.repository
    kind = {"repo_id": where, "repo_type": publication.repo_type}
    sdk = "gradio" if publication.repo_type == "space" else None
    added = [CommitOperationAdd(name, content) for name, content in publication.files.items()]
    try:
        address = api.create_repo(**kind, space_sdk=sdk, exist_ok=True, private=private or None)
        api.create_commit(**kind, operations=added, commit_message="Publish with python -m trainer publish")
    except HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        raise UserError(f"The Hub refused {where} ({status}): may this token write there?") from error
    except Exception as error:  # whatever a network or a proxy can throw
        raise UserError(f"{where} could not be published: {type(error).__name__}: {error}") from error
    return str(address)
