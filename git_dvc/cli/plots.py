"""``git dvc plots``; the work is in ``ops/plots.py`` and ``ops/plot_files.py``."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from git_dvc.cli.console import console
from git_dvc.errors import NotAProjectError, PlotError, UsageError, quoted

if TYPE_CHECKING:
    from git_dvc.ops.plots import Plots

EXAMPLES = {
    "show": """
git dvc plots show                        # all plots of dvc.yaml, in one page
git dvc plots show --open                 # and look at it
git dvc plots show loss.csv -x step -y loss
git dvc plots show --rev v1.0 --out v1.html
git dvc plots show loss.csv --terminal    # drawn here
git dvc plots show --out plots.png        # a picture
""",
    "diff": """
git dvc plots diff                        # HEAD and the workspace
git dvc plots diff v1.0 v2.0 --open       # two tags in the same charts
git dvc plots diff v1.0 v2.0 v3.0 --targets loss.csv roc.json
git dvc plots diff main --out review.html
""",
    "modify": """
git dvc plots modify loss.csv -x step -y loss --title 'Training loss'
git dvc plots modify loss.csv --unset title
""",
    "templates": """
git dvc plots templates                   # their names
git dvc plots templates linear >.dvc/plots/mine.json   # to begin one of your own
""",
    "listing": """
git dvc plots list
git dvc plots list --rev v1.0 --json
""",
}
MANY_VALUES = ("--targets", "--rev", "--unset")

Targets = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="target",
        help="Names of plots, files or directories; all plots of dvc.yaml by default.",
        show_default=False,
    ),
]
Rev = Annotated[
    list[str] | None,
    typer.Option(
        "--rev", metavar="<rev>...", help="These revisions instead of the workspace.",
        show_default=False,
    ),
]  # fmt: skip
Template = Annotated[
    str | None,
    typer.Option(
        "-t",
        "--template",
        metavar="name",
        help="How it is drawn: a name that 'plots templates' lists, or a file.",
    ),
]
X = Annotated[str | None, typer.Option("-x", metavar="field", help="The field of the x axis.")]
Y = Annotated[str | None, typer.Option("-y", metavar="field", help="The field of the y axis.")]
NoHeader = Annotated[
    bool,
    typer.Option(
        "--no-header", help="The first line of CSV and TSV has no names: fields 0, 1, ..."
    ),
]
Title = Annotated[str | None, typer.Option("--title", metavar="text", help="What stands above.")]
XLabel = Annotated[
    str | None, typer.Option("--x-label", metavar="text", help="What stands at the x axis.")
]
YLabel = Annotated[
    str | None, typer.Option("--y-label", metavar="text", help="What stands at the y axis.")
]
Out = Annotated[
    str | None,
    typer.Option(
        "-o",
        "--out",
        metavar="path",
        help="Where to write: a directory for index.html (dvc_plots by default), a page.html, or "
        "a picture: file.svg, file.png, file.pdf.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print JSON, on one line; images go to the directory.")
]
Split = Annotated[
    bool, typer.Option("--split", hidden=True, help="In JSON, data apart from specifications.")
]
Vega = Annotated[
    bool, typer.Option("--show-vega", help="Print the Vega-Lite of one target, as JSON.")
]
Open = Annotated[bool, typer.Option("--open", help="Open the page in a browser.")]
HtmlTemplate = Annotated[
    str | None,
    typer.Option(
        "--html-template",
        metavar="path",
        help="A page of your own, with {scripts} and {plot_divs} in it.",
    ),
]
Terminal = Annotated[bool, typer.Option("--terminal", help="Draw in the terminal.")]
Fetch = Annotated[bool, typer.Option("--fetch", help="Bring what the cache lacks from the remote.")]


def show(
    targets: Targets = None,
    rev: Rev = None,
    template: Template = None,
    x: X = None,
    y: Y = None,
    no_header: NoHeader = False,
    title: Title = None,
    x_label: XLabel = None,
    y_label: YLabel = None,
    out: Out = None,
    open_page: Open = False,
    terminal: Terminal = False,
    show_vega: Vega = False,
    as_json: Json = False,
    split: Split = False,
    html_template: HtmlTemplate = None,
    fetch: Fetch = False,
) -> int:
    """Draw plots: of CSV, TSV, JSON, YAML and image files, in one page that needs no network.

    Plots are what 'plots:' in dvc.yaml names, of stages or at the top, and any file that is
    named here. The page has everything in it, and can be mailed as it is.
    """
    from git_dvc.ops import plots as op

    _check(show_vega=show_vega, as_json=as_json, terminal=terminal, out=out, open_page=open_page)
    return _show(
        rev or [op.WORKSPACE],
        targets or [],
        _props(template, x, y, no_header, title, x_label, y_label),
        out=out,
        open_page=open_page,
        terminal=terminal,
        show_vega=show_vega,
        as_json=as_json,
        split=split,
        html_template=html_template,
        fetch=fetch,
    )


def diff(
    revs: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="rev",
            help="Two revisions or more, 'workspace' among them; one alone is compared with the "
            "workspace, and none means HEAD and the workspace.",
            show_default=False,
        ),
    ] = None,
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--targets", metavar="<path>...", help="Only these: names of plots, or any files."
        ),
    ] = None,
    template: Template = None,
    x: X = None,
    y: Y = None,
    no_header: NoHeader = False,
    title: Title = None,
    x_label: XLabel = None,
    y_label: YLabel = None,
    out: Out = None,
    open_page: Open = False,
    terminal: Terminal = False,
    show_vega: Vega = False,
    as_json: Json = False,
    split: Split = False,
    html_template: HtmlTemplate = None,
    fetch: Fetch = False,
) -> int:
    """Draw the plots of several versions over each other, and their images side by side."""
    from git_dvc.ops import plots as op

    _check(show_vega=show_vega, as_json=as_json, terminal=terminal, out=out, open_page=open_page)
    return _show(
        op.compared(revs or []),
        targets or [],
        _props(template, x, y, no_header, title, x_label, y_label),
        out=out,
        open_page=open_page,
        terminal=terminal,
        show_vega=show_vega,
        as_json=as_json,
        split=split,
        html_template=html_template,
        fetch=fetch,
    )


def modify(
    target: Annotated[
        str,
        typer.Argument(
            metavar="target",
            help="An output of a stage, which becomes a plot, or the name of a plot in dvc.yaml.",
        ),
    ],
    template: Template = None,
    x: X = None,
    y: Y = None,
    no_header: NoHeader = False,
    title: Title = None,
    x_label: XLabel = None,
    y_label: YLabel = None,
    unset: Annotated[
        list[str] | None,
        typer.Option(
            "--unset",
            metavar="<property>...",
            help="Take these away: template, x, y, header, title, x_label, y_label.",
        ),
    ] = None,
) -> None:
    """Change in dvc.yaml how a plot looks; comments and order stay as they are."""
    from git_dvc.cli import opened
    from git_dvc.formats.definitions import PLOT_PROPS
    from git_dvc.ops import plot_modify as op

    props = _props(template, x, y, no_header, title, x_label, y_label)
    gone = [name.replace("-", "_") for name in unset or ()]
    for name in gone:
        if name not in PLOT_PROPS:
            raise UsageError(f"--unset: '{quoted(name)}' is none of {', '.join(PLOT_PROPS)}")
        if name in props:
            raise UsageError(f"'{name}' cannot be set and unset at once")
    with opened.project() as project:
        done = op.modify(project, target, props, gone, progress=console.progress())
        source = project.shown(done.source)
        said = f"changed {quoted(target)} in {quoted(source)}"
        if not done.changed:
            said = f"{quoted(source)} has {quoted(target)} like this already"
        console.say(said + ("; staged it" if done.staged else ""))
        if done.changed:
            opened.tell_how_to_stage(project, [source], staged=done.staged)


def templates(
    name: Annotated[
        str | None, typer.Argument(metavar="template", help="The one to print, as JSON.")
    ] = None,
) -> None:
    """List the templates, or print one: Vega-Lite with places for data and names.

    A file .dvc/plots/NAME.json is a template of the project's own.
    """
    from git_dvc.cli import render
    from git_dvc.ops import plots as op

    root = _root()
    if name is None:
        console.write("\n".join(quoted(one) for one in op.known_templates(root)))
    else:
        console.write(render.json_line(op.template(name, root)))


def listing(
    targets: Targets = None,
    rev: Rev = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, on one line.")] = False,
) -> int:
    """List the plots that there are: their files, axes and templates. Nothing is read of them."""
    from git_dvc.cli import render, render_plots
    from git_dvc.ops import plots as op

    revs = rev or [op.WORKSPACE]
    found = op.listed(revs, targets or [], progress=console.progress())
    _warn([(one.rev, one.problem) for one in found.troubles], several=len(revs) > 1)
    if as_json:
        console.write(render.json_line(render_plots.listed_json(found)))
        return 0
    if not found.rows and not found.troubles:
        _tell_none([])
    console.write(render_plots.listed(found, console.paint))
    return 1 if found.troubles and not found.rows else 0


# -- how they are shown ----------------------------------------------------------------------


def _check(
    *, show_vega: bool, as_json: bool, terminal: bool, out: str | None, open_page: bool
) -> None:
    forms = {"--show-vega": show_vega, "--json": as_json, "--terminal": terminal}
    chosen = [name for name, given in forms.items() if given]
    chosen += ["--open"] if open_page and chosen else []
    chosen += ["--out"] if out is not None and (show_vega or terminal) else []
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} cannot be used together")


def _props(
    template: str | None,
    x: str | None,
    y: str | None,
    no_header: bool,
    title: str | None,
    x_label: str | None,
    y_label: str | None,
) -> dict[str, Any]:
    given = {
        "template": template,
        "x": x,
        "y": y,
        "header": False if no_header else None,
        "title": title,
        "x_label": x_label,
        "y_label": y_label,
    }
    return {name: value for name, value in given.items() if value is not None}


def _show(
    revs: Sequence[str],
    targets: Sequence[str],
    props: dict[str, Any],
    *,
    out: str | None,
    open_page: bool,
    terminal: bool,
    show_vega: bool,
    as_json: bool,
    split: bool,
    html_template: str | None,
    fetch: bool,
) -> int:
    from git_dvc.cli import render, render_plots
    from git_dvc.compare.plots import figures
    from git_dvc.ops import plot_files
    from git_dvc.ops import plots as op

    if show_vega and len(targets) != 1:
        raise UsageError("--show-vega takes exactly one target")
    found = op.show(revs, targets, props, fetch=fetch, progress=console.progress())
    root, config = _config()
    place = plot_files.place(out, config, root)
    if as_json:
        console.write(render.json_line(plot_files.to_json(found, place, split=split)))
        return 0
    drawn = list(found.drawn())
    _warn(render_plots.troubles(found), several=len(revs) > 1)
    if not drawn:
        if found.is_whole:
            _tell_none(targets)
        return 0 if found.is_whole and not targets else 1
    if show_vega:
        for figure in drawn:
            if not figure.is_image:
                spec = figures.spec(figure, found.templates[figure.template])
                console.write(render.json_line(spec))
                return 0
        raise PlotError(f"{quoted(targets[0])} is an image, which no Vega-Lite draws")
    if terminal:
        import shutil

        columns = shutil.get_terminal_size().columns
        console.page()
        console.write(render_plots.drawings(found, columns, console.paint, console.coloured()))
        return 0
    return _write(found, place, root, config, html_template, open_page)


def _write(
    found: Plots,
    place: Any,
    root: str,
    config: Any,
    html_template: str | None,
    open_page: bool,
) -> int:
    from git_dvc.ops import plot_files

    heading = os.path.basename(root or os.getcwd()) or "plots"
    if place.name.lower().endswith(plot_files.PICTURES):
        from git_dvc.ops import plot_pictures

        plot_pictures.write(found, place)
        written = [place.path]
    else:
        template, refused = plot_files.html_template(html_template, config, root)
        if refused:
            console.warning(
                f"plots.html_template of .dvc/config is not used: {quoted(refused)} could run any "
                "script when the page is opened;\nif you trust it, give --html-template, or set "
                "the option with 'git dvc config --local'"
            )
        written = plot_files.write_page(found, place, heading=heading, template=template)
    from pathlib import Path

    address = Path(written[0]).as_uri()
    console.write(address)
    if open_page or (config is not None and config.flag("plots", "auto_open")):
        import webbrowser

        if not webbrowser.open(address):
            console.warning("no browser could be started; open the page yourself")
            return 1
    return 0


def _config() -> tuple[str, Any]:
    """Return the root and the config of the project here; '' and None where there is none."""
    from git_dvc.project import Project

    try:
        with Project.open() as project:
            return project.root, project.config
    except NotAProjectError:
        return "", None


def _root() -> str | None:
    return _config()[0] or None


def _warn(troubles: Sequence[tuple[str, Exception]], *, several: bool) -> None:
    from git_dvc.compare.plots import page

    hints: dict[str, None] = {}
    for rev, problem in troubles:
        where = f"{quoted(rev)}: " if several else ""
        console.warning(f"{where}{page.said(problem)}")
        hints[getattr(problem, "hint", "")] = None
    for hint in filter(None, hints):
        console.hint(hint)


def _tell_none(targets: Sequence[str]) -> None:
    if targets:
        console.note("there is nothing to draw in what was named")
        return
    console.note(
        "no plots: dvc.yaml names none here ('plots:' of a stage, or at its top);\n"
        "any file can be drawn by its path: git dvc plots show loss.csv -x step -y loss"
    )
