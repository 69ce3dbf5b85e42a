"""What the page without a server is told comes from the tables that the server's page reads."""

import json
import re

import pytest

from explorer.browser.site import STATIC, Site
from explorer.browser.tables import HEAVY, offered, page_tables
from explorer.errors import UserError
from explorer.measures.metrics import METRICS
from explorer.ui.texts import texts
from explorer.ui.texts.lesson import STEPS

NETWORKS = ["vgg16", "alexnet"]


@pytest.fixture(scope="module")
def tables(explorer):
    return page_tables(offered(explorer, NETWORKS), explorer)


def test_every_layer_is_offered_first_with_the_decoder_that_the_judge_prefers_if_it_is_quick(explorer):
    found = offered(explorer, ["alexnet"])
    for layer in ("conv1", "conv2", "conv3", "conv4", "conv5"):
        ready = [c for c in explorer.catalogue().single if c.sources == (("alexnet", layer),)]
        here = [c for c in found if c.layer == layer]
        preferred = explorer.results().preferred(c for c in ready if c.weights == "imagenet")
        assert here[-1 if preferred.decoder == HEAVY else 0] == preferred
        assert here[0].decoder != HEAVY
        assert {(c.decoder, c.loss) for c in here} >= {("linear", "mse")} & {
            (c.decoder, c.loss) for c in ready
        }


def test_the_lesson_has_the_same_texts_and_all_of_its_looks(tables):
    assert [step["name"] for step in tables["lesson"]] == [step.name for step in STEPS]
    for told, step in zip(tables["lesson"], STEPS, strict=True):
        assert step.title in told["reading"]
        assert step.answer.split(". ")[0].replace("’", "’") in told["thinking"]
        assert [look["label"] for look in told["looks"]] == [
            look.label for look in step.looks if look.configuration.architecture in NETWORKS
        ]


def test_readings_are_those_of_the_metrics(tables):
    for told in tables["metrics"]:
        assert [said for _, said in told["readings"]] == [said for _, said in METRICS[told["key"]].readings]


def test_the_tables_are_plain_json_that_a_browser_reads(tables):
    assert json.loads(json.dumps(tables, allow_nan=False)) == tables


def test_every_sentence_that_a_script_says_is_there():
    said = {name for name, text in vars(texts("site")).items() if isinstance(text, str)}
    asked = set()
    for script in STATIC.glob("*.js"):
        source = script.read_text(encoding="utf-8")
        asked |= set(re.findall(r'\bsay\("(\w+)"', source)) | set(re.findall(r'Problem\("(\w+)"', source))
        asked |= set(re.findall(r'Error: "(\w+)"', source))
    assert len(asked) > 30
    assert asked <= said


@pytest.mark.parametrize("name", ["resnet34", "nothing"])
def test_a_network_whose_weights_are_not_bundled_is_refused(explorer, name):
    with pytest.raises(UserError, match="choose one of alexnet"):
        Site("unused", explorer, [name])


def test_a_folder_of_something_else_is_left_alone(explorer, tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(UserError, match="holds something else"):
        next(Site(tmp_path, explorer, ["alexnet"]).write())
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_the_folder_is_a_static_space_as_it_is():
    _, front, rest = str(texts("site").space()).split("---\n")
    fields = dict(line.split(": ") for line in front.splitlines() if ": " in line)
    assert (fields["sdk"], fields["app_file"]) == ("static", "index.html")
    assert fields["  cross-origin-opener-policy"] == "same-origin"
    assert rest.strip().startswith("# Feature Inversion Explorer")


def test_the_pages_policy_admits_no_other_origin():
    policy = dict(part.strip().split(" ", 1) for part in texts("site").policy.split(";"))
    assert policy["default-src"] == "'none'"
    for rule, allowed in policy.items():
        kinds = {"'none'", "'self'", "'wasm-unsafe-eval'", "blob:", "data:"}
        assert set(allowed.split()) <= kinds, rule
    assert policy["connect-src"] == "'self'"
