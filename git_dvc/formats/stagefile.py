"""Stage files of old versions: one stage and its record, in a file called ``Dvcfile``.

``dvc run -f Dvcfile`` wrote this before there was ``dvc.yaml``, and ``git dvc run -f Dvcfile``
does; DVC 3 does not look at such a file::

    md5: 0c6c6a8d13bf9b5f8bcbd1ed0b4ce9e5
    cmd: python train.py
    wdir: .
    deps:
    - path: train.py
      md5: 3ecfad755fa825f7a17c5526ec44e651
      hash: md5
    - path: params.yaml
      params:
        lr: 0.1
    outs:
    - path: model.h5
      md5: b8b3cf01881bda3535438769b0eeb56a
      size: 43
      hash: md5
    - path: metrics.csv
      md5: 23b03a9a8b1ab2fbd0eb9bd84e9d3b86
      hash: md5
      cache: false
      metric: true

It is a pointer file with a command: ``pointer.py`` reads it, and knows the keys that only occur
beside ``cmd``. ``md5`` at the top is that of the definition (``checksum.py``), hashes and all,
so it tells whether somebody changed the command after the last run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from git_dvc.errors import FormatError
from git_dvc.formats import checksum, plainyaml, pointer
from git_dvc.formats.lockfile import LockStage
from git_dvc.formats.pointer import Pointer
from git_dvc.formats.stages import Flags


def as_recorded(data: bytes, found: Pointer, record: LockStage) -> LockStage | None:
    """Return what a stage file says of the last run; None if there was none.

    Args:
        data: The file.
        found: What it says.
        record: What it says, as a record.
    """
    if not any(one.hash for one in (*record.deps, *record.outs)) and not record.params:
        return None
    if found.md5 is not None and found.md5 != checksum.of(plainyaml.parse(data)):
        return record._replace(cmd="")  # changed since, so it is not this that was run
    return record


def dump(
    cmd: str,
    *,
    wdir: str = "",
    deps: Iterable[str] = (),
    params: Mapping[str, Sequence[str]] | None = None,
    outs: Iterable[tuple[str, Flags]] = (),
    always_changed: bool = False,
    desc: str | None = None,
) -> bytes:
    """Return a new stage file, of a stage that has not been run.

    Args:
        cmd: The command.
        wdir: Where it runs, relative to the file; '' for the file's own directory.
        deps: What it reads.
        params: Keys by file.
        outs: What it makes, and how that is treated.
        always_changed: Whether it runs each time.
        desc: What people say of it.
    """
    from git_dvc.formats import yamltext

    listed: list[dict[str, Any]] = [{"path": path} for path in deps]
    listed += [{"path": path, "params": list(keys)} for path, keys in (params or {}).items()]
    found: dict[str, Any] = {"desc": desc, "cmd": cmd, "wdir": wdir, "deps": listed}
    found |= {"outs": [_out(path, flags) for path, flags in outs]}
    found |= {"always_changed": always_changed}
    return yamltext.dump({key: value for key, value in found.items() if value}).encode()


def _out(path: str, flags: Flags) -> dict[str, Any]:
    found: dict[str, Any] = {"path": path}
    if not flags.cache:
        found["cache"] = False
    if flags.kind != "outs":
        found[flags.kind.removesuffix("s")] = True
    if flags.persist:
        found["persist"] = True
    if flags.remote:
        found["remote"] = flags.remote
    if not flags.push:
        found["push"] = False
    return found


class StageText:
    """A stage file whose record is replaced, as ``lockfile.LockText`` does for a lock file.

    Attributes:
        data: The file as it is now.
    """

    def __init__(self, data: bytes | None) -> None:
        self.data = data

    def set(self, stage: LockStage) -> None:
        """Write what a run used and made; all else stays byte for byte.

        Raises:
            FormatError: The file is not valid, or has another definition now.
        """
        from git_dvc.formats import yamltext

        if self.data is None:
            raise FormatError("is gone")
        found = pointer.parse(self.data)
        document = yamltext.Document(self.data)
        known = {out.path: out for out in stage.outs}
        for number, out in enumerate(found.outs):
            if out.path in known:
                pointer.set_content(document, ("outs", number), known[out.path])
        used = {dep.path: dep for dep in stage.deps}
        for number, dep in enumerate(found.deps):
            path = dep["path"]
            if "params" in dep:
                if path in stage.params and dict(stage.params[path]) != dep["params"]:
                    document.set(("deps", number, "params"), dict(stage.params[path]))
            elif path in used:
                pointer.set_content(document, ("deps", number), used[path])
        data = document.dump()
        value = checksum.of(plainyaml.parse(data))
        if value != found.md5:
            document = yamltext.Document(data)
            document.set(("md5",), value)
            data = document.dump()
        self.data = data
