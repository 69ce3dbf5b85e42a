"""Files from the Hugging Face Hub, downloaded once and kept in EXPLORER_CACHE."""

import os
from pathlib import Path

from tqdm import tqdm

from explorer.errors import UserError, disk_is_full
from explorer.wanted import NotWanted, check_wanted

KNOCK_SECONDS = 10
PIECE = 512 * 1024  # bytes


class Watched(tqdm):
    """The progress of a download, which ends when it is not wanted any more."""

    def update(self, n: float | None = 1) -> bool | None:
        check_wanted()
        return super().update(n)


class HubError(UserError):
    """The Hub cannot be reached, or does not have what was asked; the message says only which."""


def hub_file(repository: str, name: str, repo_type: str = "model") -> Path:
    """Return one file of a repository. A broken download goes on where it stopped. Raises HubError.

    Ends, too, when the file is not wanted any more.
    """
    from huggingface_hub import hf_hub_download

    return _kept_or_fetched(
        hf_hub_download, repo_id=repository, filename=name, repo_type=repo_type, tqdm_class=Watched
    )


def is_kept(repository: str, name: str) -> bool:
    """Return whether a file of a repository is here already."""
    from huggingface_hub import try_to_load_from_cache

    return isinstance(try_to_load_from_cache(repository, name, os.environ.get("EXPLORER_CACHE")), str)


def hub_folder(repository: str) -> Path:
    """Return a folder with all files of a model repository. Raises HubError."""
    from huggingface_hub import snapshot_download

    return _kept_or_fetched(snapshot_download, repo_id=repository)


def _kept_or_fetched(download, **asked) -> Path:
    from huggingface_hub import constants, get_session
    from huggingface_hub.errors import LocalEntryNotFoundError

    # over plain HTTP and in small pieces: a download that is not wanted any more ends with the next one
    constants.HF_HUB_DISABLE_XET, constants.DOWNLOAD_CHUNK_SIZE = True, PIECE
    asked["cache_dir"] = os.environ.get("EXPLORER_CACHE")
    try:
        return Path(download(local_files_only=True, **asked))
    except LocalEntryNotFoundError:
        pass
    except ValueError as error:  # not a repository's name
        raise HubError(f"{asked['repo_id']!r} is no Hub repository") from error
    try:
        # one knock: the download itself would try again and again for most of a minute
        get_session().head(constants.ENDPOINT, timeout=KNOCK_SECONDS)
    except Exception as error:  # whatever a network or a proxy can throw
        raise HubError(f"the Hugging Face Hub cannot be reached ({type(error).__name__})") from error
    check_wanted()
    try:
        return Path(download(**asked))
    except NotWanted:
        raise
    except Exception as error:
        if disk_is_full(error):
            raise HubError("the server's disk is full, so nothing can be downloaded") from error
        what = asked.get("filename", "the repository")
        raise HubError(
            f"{what} could not be downloaded from {asked['repo_id']} on the Hugging Face Hub "
            f"({type(error).__name__})"
        ) from error
