"""What goes to the Hub, and how, against a local server that speaks its protocol."""

import json
import re
import shutil

import huggingface_hub
import pytest
from huggingface_hub import constants, metadata_load

from explorer.checkpoints.catalogue import Catalogue
from explorer.configurations import Configuration
from explorer.encoders.weights import checkpoints_folder
from explorer.errors import UserError
from explorer.folders import BUNDLED, PROJECT
from tests.hub_server import TOKEN, serve
from trainer.__main__ import main
from trainer.publishing import checkpoints, publish, space

LINEAR = Configuration("vgg16", "block1", "linear", "mse")
DECODER = f"decoders/{LINEAR.name}.safetensors"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with one of the bundled decoders, and what comes with it."""
    folder = tmp_path_factory.mktemp("checkpoints")
    (folder / "decoders").mkdir()
    for name in ("LICENCES.md", "results.json", DECODER):
        shutil.copy(BUNDLED / name, folder / name)
    (folder / "decoders" / ".half.part").write_text("no")
    (folder / "state-vgg16.safetensors").write_text("no")
    return folder


@pytest.fixture
def hub(monkeypatch):
    """The stand-in, as the Hub of this process; it takes large files by LFS, as it knows no Xet."""
    with serve({}) as found:
        monkeypatch.setattr(constants, "ENDPOINT", found.address)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setattr(
            constants,
            "HUGGINGFACE_CO_URL_TEMPLATE",
            found.address + "/{repo_id}/resolve/{revision}/{filename}",
        )
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        yield found


def test_published_checkpoints_come_back_as_they_were(hub, folder, tmp_path, monkeypatch, capsys):
    assert main(["publish", "--checkpoints", "owner/name", "--from", str(folder), "--private"]) == 0
    assert re.fullmatch(rf"5 files, \d+ MiB: {hub.address}/owner/name\n", capsys.readouterr().out)
    [created] = hub.created
    assert (created["organization"], created["name"], created["visibility"]) == ("owner", "name", "private")
    names = ["LICENCES.md", "LICENSE", "README.md", DECODER, "results.json"]
    assert sorted(hub.files) == [f"owner/name/{name}" for name in names]
    assert list(hub.large.values()) == [(BUNDLED / DECODER).read_bytes()]
    monkeypatch.setenv("EXPLORER_CACHE", str(tmp_path))
    there = checkpoints_folder("owner/name")
    assert list(Catalogue.scan(there).entries) == [LINEAR]
    assert (there / "results.json").read_bytes() == (BUNDLED / "results.json").read_bytes()
    card = metadata_load(there / "README.md")
    assert (card["license"], card["license_link"]) == ("other", "LICENCES.md")
    assert "holds 1 decoders of the features of VGG16" in (there / "README.md").read_text()


def test_what_is_there_already_is_not_sent_again(hub, folder):
    for _ in range(2):
        publish(checkpoints("owner/name", folder))
    sent = [path for method, path, _ in hub.requests if method == "POST" and "batch" in path]
    assert len(sent) == 2 and len(hub.large) == 1


def test_a_space_has_the_app_its_front_matter_and_the_licences(hub, monkeypatch):
    everything = space("owner/space")
    assert {"app.py", "requirements.txt", "LICENSE", "checkpoints/LICENCES.md"} < everything.files.keys()
    assert {"explorer/ui/texts/explore.html", "assets/examples/CREDITS.md"} < everything.files.keys()
    assert not any(name.startswith(("tests", "trainer", ".")) for name in everything.files)
    assert not any("__pycache__" in name or "/state-" in name for name in everything.files)
    said = metadata_load(PROJECT / "README.md")
    pins = dict(line.split("==") for line in (PROJECT / "requirements.txt").read_text().split())
    assert (said["sdk"], said["sdk_version"]) == ("gradio", pins["gradio[mcp]"])
    small = [name for name in everything.files if not name.startswith("checkpoints/")]
    publish(type(everything)("owner/space", "space", {name: everything.files[name] for name in small}))
    assert hub.created[0]["sdk"] == "gradio"
    assert sorted(hub.files) == sorted(f"spaces/owner/space/{name}" for name in small)


def test_dry_run_lists_every_file_and_reaches_for_nothing(hub, folder, capsys, monkeypatch):
    monkeypatch.delenv("HF_TOKEN")
    assert main(["publish", "--checkpoints", "owner/name", "--from", str(folder), "--dry-run"]) == 0
    *files, total = capsys.readouterr().out.splitlines()
    assert [line.split()[-1] for line in files] == [
        *("LICENCES.md", DECODER, "results.json", "LICENSE", "README.md")
    ]
    assert re.fullmatch(r"5 files, \d+ MiB, would go to the model owner/name\.", total)
    assert hub.requests == []


def test_without_a_token_one_sentence_says_what_to_do(hub, folder, capsys, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "get_token", lambda: None)
    assert main(["publish", "--checkpoints", "owner/name", "--from", str(folder)]) == 2
    said = capsys.readouterr().err
    assert "run 'hf auth login', or set HF_TOKEN" in said and said.count("\n") == 1
    assert hub.requests == []


def test_token_that_may_not_write_and_a_hub_out_of_reach_are_said(hub, folder, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_may_read")
    with pytest.raises(UserError, match=r"refused owner/name \(401\): may this token write there"):
        publish(checkpoints("owner/name", folder))
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:1")
    with pytest.raises(UserError, match="could not be published: ConnectError"):
        publish(checkpoints("owner/name", folder))


@pytest.mark.parametrize("name", ["owner", "a/b/c", "owner/", "owner/na me", "x" * 200])
def test_name_that_is_none_is_refused(folder, name):
    with pytest.raises(UserError, match="write OWNER/NAME"):
        checkpoints(name, folder)


def test_nothing_goes_without_its_licences(folder, tmp_path):
    (tmp_path / "decoders").mkdir()
    shutil.copy(folder / DECODER, tmp_path / "decoders")
    with pytest.raises(UserError, match=r"no LICENCES\.md"):
        checkpoints("owner/name", tmp_path)
    (tmp_path / "README.md").write_text("---\ntitle: x\nsdk: gradio\n---\n")
    with pytest.raises(UserError, match="lacks sdk_version, app_file, license"):
        space("owner/name", tmp_path)
    shutil.copy(PROJECT / "README.md", tmp_path)
    with pytest.raises(UserError, match="LICENSE is missing"):
        space("owner/name", tmp_path)


def test_folder_without_decoders_or_with_results_that_are_none_is_refused(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "all")
    (tmp_path / "all" / "results.json").write_text(json.dumps([]))
    with pytest.raises(UserError, match="measure again"):
        checkpoints("owner/name", tmp_path / "all")
    shutil.rmtree(tmp_path / "all" / "decoders")
    with pytest.raises(UserError, match="has no decoders"):
        checkpoints("owner/name", tmp_path / "all")
