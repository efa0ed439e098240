"""``git dvc plots`` from the words to the files that it writes."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.conftest import Cli
from tests.conftest import GitRunner, run_git
from tests.scene import write_tree

PNG = b"\x89PNG\r\n\x1a\n first"
DVC_YAML = """\
plots:
- both:
    x: step
    y: {loss.csv: [train, test]}
    title: Loss
- charts
stages:
  train:
    cmd: ./train ${seed}
    outs: [charts]
    plots:
    - loss.csv: {cache: false, x: step, y: train}
    - table.tsv: {cache: false, header: false, template: scatter}
"""


@pytest.fixture
def data(project: Path, cli: Cli, run_git: GitRunner) -> Path:
    """Return a project with two versions of its plots; its images are data."""
    for version, value in (("v1", 1.0), ("v2", 0.5)):
        table = "".join(f"{step},{value / (step + 1)},{value}\n" for step in range(4))
        write_tree(
            project,
            {
                "dvc.yaml": DVC_YAML,
                "params.yaml": "seed: 1\n",
                "loss.csv": f"step,train,test\n{table}",
                "table.tsv": f"1\t{value}\n2\t{value}\n",
                "charts/a.png": PNG + version.encode(),
                "charts/sub/b.png": PNG,
                "charts/notes.txt": "no plot",
            },
        )
        assert cli("add", "-q", "charts").code == 0
        run_git("add", ".", cwd=project)
        run_git("commit", "-qm", version, cwd=project)
        run_git("tag", version, cwd=project)
    return project


def page_of(said_out: str) -> str:
    assert said_out.startswith("file:///")
    return Path(said_out.strip().removeprefix("file://")).read_text()


def test_all_plots_are_drawn_in_one_page_that_git_ignores(data: Path, cli: Cli) -> None:
    said = cli("plots", "show")
    assert said.code == 0, said.err
    page = page_of(said.out)
    assert page.count('<section class="card') == 5
    assert page.count('src="data:image/png;base64,') == 2
    assert "<h2>Loss</h2>" in page and "vegaEmbed" in page
    assert (data / "dvc_plots/index.html").exists()
    assert run_git("status", "--short", cwd=data) == ""
    assert cli("plots", "show").code == 0  # and once more over it


def test_versions_are_compared_without_being_checked_out(data: Path, cli: Cli) -> None:
    said = cli("plots", "diff", "v1", "v2", "--json")
    found = json.loads(said.out)["data"]
    assert list(found) == ["both", "charts/a.png", "charts/sub/b.png", "loss.csv", "table.tsv"]
    (loss,) = found["loss.csv"]
    assert loss["revisions"] == ["v1", "v2"]
    assert len(loss["content"]["data"]["values"]) == 8
    images = found["charts/a.png"]
    assert [image["revisions"] for image in images] == [["v1"], ["v2"]]
    assert [Path(image["url"]).read_bytes()[-2:] for image in images] == [b"v1", b"v2"]
    assert run_git("status", "--short", cwd=data) == ""


def test_one_revision_is_compared_with_the_workspace_and_none_with_head(
    data: Path, cli: Cli
) -> None:
    (data / "loss.csv").write_text("step,train,test\n0,9,9\n")

    def revs(*words: str) -> list[str]:
        said = cli("plots", "diff", *words, "--targets", "loss.csv", "--json")
        (found,) = json.loads(said.out)["data"]["loss.csv"]
        revisions: list[str] = found["revisions"]
        return revisions

    assert revs("v1") == ["workspace", "v1"]
    assert revs() == ["workspace", "HEAD"]
    run_git("checkout", "-q", "loss.csv", cwd=data)
    assert revs() == ["workspace"]
    assert revs("v1", "workspace") == ["workspace", "v1"]


def test_without_a_commit_the_workspace_is_drawn_alone(project: Path, cli: Cli) -> None:
    write_tree(project, {"dvc.yaml": "plots: [loss.csv]\n", "loss.csv": "step,loss\n0,1\n"})
    run_git("add", ".", cwd=project)
    said = cli("plots", "diff", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["data"]["loss.csv"][0]["revisions"] == ["workspace"]


def test_targets_are_names_files_and_directories(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    def names(*targets: str) -> list[str]:
        said = cli("plots", "show", *targets, "--json")
        assert said.code == 0, said.err
        return list(json.loads(said.out)["data"])

    assert names("both") == ["both"]
    assert names("charts") == names("charts/") == ["charts/a.png", "charts/sub/b.png"]
    assert names("charts/sub", "loss.csv") == ["charts/sub/b.png", "loss.csv"]
    assert names("*.png") == ["charts/a.png", "charts/sub/b.png"]
    write_tree(data, {"other.json": '[{"x": 1}]'})
    assert names("other.json") == ["other.json"]
    monkeypatch.chdir(data / "charts")
    assert names("a.png", "../loss.csv") == ["a.png", "../loss.csv"]


def test_a_target_that_is_nothing_is_an_error(data: Path, cli: Cli) -> None:
    for form in ((), ("--json",), ("--terminal",)):
        said = cli("plots", "show", "los.csv", *form)
        assert (said.code, said.out) == (1, "")
        error, hint = said.err.splitlines()
        assert error == "error: there is neither a plot nor a file 'los.csv'"
        assert hint.startswith("hint: plots there are: loss.csv")
    assert cli("plots", "diff", "v1", "nosuch").code == 128
    assert not (data / "dvc_plots").exists()


def test_what_the_command_line_says_counts_more(data: Path, cli: Cli) -> None:
    said = cli(
        *("plots", "show", "loss.csv", "--show-vega", "-t", "simple", "-y", "test"),
        *("--title", "T", "--x-label", "X"),
    )
    spec = json.loads(said.out)
    assert spec["title"]["text"] == "T"
    assert spec["encoding"]["x"]["title"] == "X"
    assert spec["encoding"]["y"]["field"] == "test"
    assert spec["encoding"]["strokeDash"] == {}
    header = cli("plots", "show", "loss.csv", "--show-vega", "--no-header", "-x", "0", "-y", "1")
    assert json.loads(header.out)["data"]["values"][0]["1"] == "train"


def test_wrong_command_lines(data: Path, cli: Cli) -> None:
    assert cli("plots", "show", "--show-vega").code == 129
    assert cli("plots", "show", "--json", "--terminal").code == 129
    assert cli("plots", "show", "--terminal", "--open").code == 129
    assert cli("plots", "show", "charts/a.png", "--show-vega").code == 1
    said = cli("plots", "show", "loss.csv", "-t", "nosuch")
    assert said.code == 1
    assert "there is no template 'nosuch'" in said.err and "hint:" in said.err


def test_what_is_missing_is_said_and_the_rest_is_drawn(data: Path, cli: Cli) -> None:
    (data / "loss.csv").unlink()
    (data / "table.tsv").write_bytes(b"\xff\xfe")
    said = cli("plots", "diff", "v1")
    assert said.code == 0
    assert "warning: workspace: loss.csv: no such file or directory" in said.err
    assert "warning: workspace: table.tsv: not a table of text" in said.err
    page = page_of(said.out)
    assert "workspace: loss.csv: no such file or directory" in page
    errors = json.loads(cli("plots", "diff", "v1", "--json").out)["errors"]
    assert {(one["name"], one["rev"], one["type"]) for one in errors} == {
        ("both", "workspace", "FileNotFoundError"),
        ("loss.csv", "workspace", "FileNotFoundError"),
        ("table.tsv", "workspace", "FormatError"),
    }


def test_one_bad_file_does_not_hide_the_plots_of_the_others(data: Path, cli: Cli) -> None:
    write_tree(data, {"sub/dvc.yaml": "plots: [{a: {nosuch: 1}}]\n"})
    run_git("add", ".", cwd=data)
    said = cli("plots", "show", "--json")
    found = json.loads(said.out)
    assert len(found["data"]) == 5
    assert "sub/dvc.yaml" in found["errors"][0]["msg"]


def test_data_that_the_cache_lacks_is_fetched_on_request(
    data: Path, cli: Cli, tmp_path: Path
) -> None:
    assert cli("remote", "add", "-d", "store", str(tmp_path / "store")).code == 0
    assert cli("push", "-q", "-A").code == 0
    for folder in os.listdir(data / ".dvc/cache/files/md5"):
        for name in os.listdir(data / ".dvc/cache/files/md5" / folder):
            if not name.endswith(".dir"):
                (data / ".dvc/cache/files/md5" / folder / name).unlink()
    said = cli("plots", "diff", "v1", "v2", "--targets", "charts/a.png")
    assert said.code == 1
    assert "warning: v1, v2: charts/a.png: its data is not in the cache\n" in said.err
    assert said.err.endswith("\nhint: bring it with --fetch\n")
    said = cli("plots", "diff", "v1", "v2", "--targets", "charts/a.png", "--fetch")
    assert said.code == 0, said.err
    assert page_of(said.out).count("data:image/png") == 2


def test_pages_go_where_one_wants_them(data: Path, cli: Cli) -> None:
    assert cli("plots", "show", "--out", "review.html").code == 0
    assert "<title>" in (data / "review.html").read_text()
    assert cli("plots", "show", "-o", "docs/plots").code == 0
    assert sorted(os.listdir(data / "docs/plots")) == ["index.html"]
    assert cli("config", "plots.out_dir", "elsewhere").code == 0
    assert cli("plots", "show").out.endswith("/elsewhere/index.html\n")
    assert cli("config", "plots.out_dir", "../outside").code == 0
    said = cli("plots", "show")
    assert said.code == 1 and "plots.out_dir" in said.err
    assert not (data.parent / "outside").exists()
    assert cli("plots", "show", "-o", "../outside").code == 0


def test_no_link_of_a_repository_leads_a_page_elsewhere(data: Path, cli: Cli) -> None:
    other = data.parent / "other"
    other.mkdir()
    for target in (other, data / ".git"):
        (data / "dvc_plots").symlink_to(target)
        for form in ((), ("--json",)):
            said = cli("plots", "show", *form)
            assert said.code == 1 and "leads out of the project" in said.err
        (data / "dvc_plots").unlink()
    assert os.listdir(other) == []
    assert not (data / ".git/index.html").exists()
    (data / "mine").symlink_to(other)
    assert cli("plots", "show", "-o", "mine").code == 0


def test_many_images_are_beside_the_page(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("git_dvc.ops.plot_files.MOST_IMAGE_BYTES", len(PNG) + 2)
    page = page_of(cli("plots", "show").out)
    assert page.count("data:image/png") == 1
    assert 'src="static/workspace_charts_sub_b.png"' in page
    assert os.listdir(data / "dvc_plots/static") == ["workspace_charts_sub_b.png"]


def test_a_page_of_ones_own_comes_from_the_user_and_not_from_the_repository(
    data: Path, cli: Cli
) -> None:
    write_tree(
        data, {".dvc/page.html": "<html>{scripts}<p>Mine</p>{plot_divs}{refresh_tag}</html>"}
    )
    assert cli("config", "plots.html_template", "page.html").code == 0
    said = cli("plots", "show")
    assert "<p>Mine</p>" not in page_of(said.out)
    assert "warning: plots.html_template of .dvc/config is not used" in said.err
    assert cli("config", "--local", "plots.html_template", "page.html").code == 0
    page = page_of(cli("plots", "show").out)
    assert "<p>Mine</p>" in page and 'vegaEmbed("#plot-0"' in page and "{plot_divs}" not in page
    write_tree(data, {"bad.html": "<html></html>"})
    said = cli("plots", "show", "--html-template", "bad.html")
    assert said.code == 1 and "{plot_divs}" in said.err


def test_a_stage_can_say_several_times_how_an_output_looks(data: Path, cli: Cli) -> None:
    old = "{cache: false, x: step, y: train}"
    looks = "[{cache: false, x: step, y: train}, {x: step, y: test, title: Test}]"
    (data / "dvc.yaml").write_text(DVC_YAML.replace(old, looks))
    said = cli("plots", "show", "loss.csv", "--json")
    found = json.loads(said.out)["data"]
    assert list(found) == ["loss.csv", "loss.csv (2)"]
    drawn = [json.dumps(one["content"]["layer"]) for (one,) in found.values()]
    assert ['"field": "train"' in text for text in drawn] == [True, False]
    assert ['"field": "test"' in text for text in drawn] == [False, True]
    assert list(json.loads(cli("plots", "show", "loss.csv (2)", "--json").out)["data"]) == [
        "loss.csv (2)"
    ]
    assert "\nloss.csv (2) " in cli("plots", "list").out
    said = cli("plots", "diff", "v1", "--targets", "loss.csv", "--terminal")
    assert said.code == 0 and "Test  loss.csv (2)\n" in said.out


def test_files_are_drawn_where_there_is_no_repository(
    tmp_path: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        tmp_path / "plain",
        {"loss.csv": "step,loss\n0,2\n1,1\n", "charts/a.png": PNG, "bad.json": "{"},
    )
    monkeypatch.chdir(tmp_path / "plain")
    said = cli("plots", "show", "loss.csv", "charts", "--title", "Plain")
    assert said.code == 0, said.err
    page = page_of(said.out)
    assert "<h2>Plain</h2>" in page and 'src="data:image/png;base64,' in page
    said = cli("plots", "show", "loss.csv", "bad.json", "--terminal")
    assert "loss.csv\n" in said.out and "warning: bad.json: not valid JSON" in said.err
    assert "neither a plot nor a file 'none.csv'" in cli("plots", "show", "none.csv").err
    for words in (["show"], ["show", "loss.csv", "--rev", "HEAD"], ["diff"], ["list"]):
        said = cli("plots", *words)
        assert said.code != 0 and "not a Git repository" in said.err.replace("not in", "not"), words


def test_templates_of_the_project_are_listed_and_used(data: Path, cli: Cli) -> None:
    own = {"data": {"values": "<DVC_METRIC_DATA>"}, "mark": "mine", "y": "<DVC_METRIC_Y>"}
    write_tree(data, {".dvc/plots/own.json": json.dumps(own)})
    names = cli("plots", "templates").out.split()
    assert names[0] == "simple" and names[-1] == "own" and len(names) == 10
    assert json.loads(cli("plots", "templates", "own").out) == own
    assert json.loads(cli("plots", "templates", "linear").out)["title"]["anchor"] == "middle"
    assert cli("plots", "templates", "nosuch").code == 1
    for name in ("own", "own.json", ".dvc/plots/own.json"):
        spec = json.loads(cli("plots", "show", "loss.csv", "--show-vega", "-t", name).out)
        assert (spec["mark"], spec["y"]) == ("mine", "train")


def test_a_template_that_a_repository_names_is_in_it(data: Path, cli: Cli) -> None:
    spec = {"data": {"values": "<DVC_METRIC_DATA>"}}
    write_tree(data.parent, {"out.json": json.dumps(spec)})
    text = DVC_YAML.replace("template: scatter", "template: ../out.json")
    write_tree(data, {"dvc.yaml": text})
    said = cli("plots", "show", "table.tsv")
    assert said.code == 1 and "there is no template '../out.json'" in said.err
    assert cli("plots", "show", "loss.csv", "-t", "../out.json").code == 0


def test_drawn_in_the_terminal(data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    said = cli("plots", "diff", "v1", "v2", "--terminal")
    assert said.code == 0
    assert "Loss  both\n" in said.out
    assert "* v1 train   o v1 test   + v2 train   x v2 test" in said.out
    assert f"v2: an image of {len(PNG)} bytes, the same as in v1" in said.out
    assert not (data / "dvc_plots").exists()


def test_plots_are_listed(data: Path, cli: Cli) -> None:
    lines = [line.split() for line in cli("plots", "list").out.splitlines()]
    assert lines[0] == ["Name", "Template", "X", "Y", "Files", "From"]
    assert lines[1] == ["both", "linear", "step", "train,", "test", "loss.csv", "dvc.yaml"]
    assert lines[4] == ["loss.csv", "linear", "step", "train", "loss.csv", "-"]
    found = json.loads(cli("plots", "list", "loss.csv", "--rev", "v1", "v2", "--json").out)
    row = {"name": "loss.csv", "files": ["loss.csv"], "from": None, "x": "step", "y": "train"}
    assert found == {"v1": [row], "v2": [row]}
    assert cli("plots", "list", "nosuch").code == 1


def test_a_project_without_plots_is_told_how_to_have_some(project: Path, cli: Cli) -> None:
    for words in (("show",), ("list",)):
        said = cli("plots", *words)
        assert (said.code, said.out) == (0, "")
        assert said.err.startswith("no plots: dvc.yaml names none here")
    assert cli("plots", "show", "--json").out == "{}\n"


def test_the_page_is_opened_in_a_browser(
    data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[str] = []

    def browser(address: str) -> bool:
        opened.append(address)
        return len(opened) < 3

    monkeypatch.setattr("webbrowser.open", browser)
    said = cli("plots", "show", "--open")
    assert opened == [said.out.strip()]
    assert cli("config", "plots.auto_open", "true").code == 0
    assert cli("plots", "show").code == 0 and len(opened) == 2
    said = cli("plots", "show")
    assert said.code == 1 and "no browser could be started" in said.err


def test_how_a_plot_looks_is_changed(data: Path, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def text() -> str:
        return (data / "dvc.yaml").read_text()

    said = cli("plots", "modify", "loss.csv", "-y", "test", "--title", "T", "--unset", "x")
    assert (said.code, said.out) == (0, "changed loss.csv in dvc.yaml; staged it\n")
    assert "- loss.csv: {cache: false, y: test, title: T}\n" in text()
    assert run_git("diff", "--cached", "--name-only", cwd=data) == "dvc.yaml"
    again = cli("plots", "modify", "loss.csv", "-y", "test")
    assert again.out == "dvc.yaml has loss.csv like this already\n"
    assert cli("undo").code == 0
    assert text() == DVC_YAML
    monkeypatch.chdir(data / "charts")
    assert cli("plots", "modify", "../table.tsv", "--unset", "template", "header").code == 0
    assert "- table.tsv: {cache: false}\n" in text()
    assert cli("plots", "modify", "both", "-t", "simple").code == 0
    assert "    template: simple\n" in text()


def test_what_cannot_be_modified_stays_as_it_is(data: Path, cli: Cli) -> None:
    for words, message in (
        (("nosuch", "-x", "a"), "neither a plot nor a file 'nosuch'"),
        (("loss.csv", "-t", "nosuch"), "no template 'nosuch'"),
        (("loss.csv", "--unset", "title"), "dvc.yaml: plot 'loss.csv' has no title"),
        (("both", "--no-header"), "only a plot of a stage"),
    ):
        said = cli("plots", "modify", *words)
        assert said.code == 1 and message in said.err
    assert cli("plots", "modify", "loss.csv", "--unset", "nosuch").code == 129
    assert cli("plots", "modify", "loss.csv", "-x", "a", "--unset", "x").code == 129
    assert (data / "dvc.yaml").read_text() == DVC_YAML
