"""Repositories that are somewhere else: a bare clone in the user's cache directory.

::

    mirror = Mirror.at("https://host/registry.git", folder)
    commit = mirror.commit("v1.0")     # asks the server, fetches what is new
    with Trees(mirror.repo) as trees: ...

A clone has only what somebody asked for: of each revision its commit and trees, without the
history (``--depth=1``) and without the files (``--filter=blob:none``); those come in one go when
they are read (``bring``). A server that can do less is asked for more. One clone serves every
revision of one URL, and every later command: a branch or tag is looked up each time, a full
commit hash that is here needs no server at all.

URLs come from command lines and from pointer files of strangers. Only what Git reads over a
network in its own ways is handed to it (``check_url``); the address, which may hold a password,
goes to Git by its environment and is never written to a file.
"""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterable, Mapping, Sequence

from git_dvc import fsutil, hashing
from git_dvc.errors import MirrorError, UnknownRevisionError, UnsafeUrlError
from git_dvc.git.repo import Repository, Result, git
from git_dvc.git.trees import Trees
from git_dvc.locking import ProjectLock
from git_dvc.progress import NoProgress, Progress

SCHEMES = frozenset(("https", "http", "ssh", "git", "git+ssh", "ssh+git"))
"""Ways to reach a repository. Others may run programs (``ext::``) or read any file."""

_FULL_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)(.*)", re.DOTALL)
_SCP = re.compile(r"(?:([^@/:\[\]]+)@)?(\[[^\]/]+\]|[^/:@\[\]]+):(?!:)(.+)", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_PASSWORD = re.compile(r"(://)[^/@\s'\"]*@")
_LOCKS = ("shallow.lock", "packed-refs.lock", "HEAD.lock", "config.lock")
_LOCK_AGE_S = 10.0
_KEPT = "refs/git-dvc/"
_DUMB = "git-dvc-dumb"
_SHALLOW, _COMPLETE, _WITHOUT_FILES = "--depth=1", "--depth=2147483647", "--filter=blob:none"
_PARTLY = (_SHALLOW, _COMPLETE, _WITHOUT_FILES)
_SETTINGS = {
    "core.hooksPath": os.devnull,
    "gc.auto": "0",
    "maintenance.auto": "false",
    "fetch.writeCommitGraph": "false",
}


def check_url(url: str) -> str:
    """Return a URL that is safe to hand to Git.

    Raises:
        UnsafeUrlError: Another scheme, a part that Git or SSH would take for an option, or
            characters that have no place in a URL.
    """
    if _CONTROL.search(url) or url.startswith("-"):
        raise UnsafeUrlError(url, "it has characters that no address has")
    match = _URL.fullmatch(url)
    if match:
        scheme, host, path = match[1].lower(), match[2], match[3]
        if scheme not in SCHEMES:
            raise UnsafeUrlError(url, f"{scheme}:// is not a way to reach a Git repository")
        user, _, host = host.rpartition("@")
    else:
        match = _SCP.fullmatch(url)
        if match is None or "::" in url.partition("/")[0].partition("]")[2 * ("[" in url)]:
            raise UnsafeUrlError(url, "it is neither a directory nor a Git URL")
        user, host, path = match[1] or "", match[2], match[3]
    if not host.strip("[]:0123456789") and not re.search(r"\d", host):
        raise UnsafeUrlError(url, "it names no host")
    if any(part.startswith("-") for part in (user, host.lstrip("["), path)):
        raise UnsafeUrlError(url, "a part of it begins with '-'")
    return url


def is_url(text: str) -> bool:
    """Return whether a text has the form of a Git URL, safe or not."""
    return "::" in text or _URL.fullmatch(text) is not None or _SCP.fullmatch(text) is not None


class _Clone(Repository):
    """The bare repository; each call of Git knows where it is, and where it comes from."""

    __slots__ = ("_env",)

    def __init__(self, folder: str, env: Mapping[str, str | None]) -> None:
        super().__init__(folder, folder, folder)
        self._env = dict(env)

    def call(
        self,
        args: Sequence[str],
        *,
        cwd: str | None = None,
        input: bytes = b"",
        writes: bool = False,
        env: Mapping[str, str | None] | None = None,
    ) -> Result:
        """Run Git; see ``Repository.call``."""
        return git(
            args, cwd=cwd or self.top, input=input, writes=True, env={**self._env, **(env or {})}
        )


class Mirror:
    """A clone of one URL; made by ``at``.

    Attributes:
        url: Where it comes from. May hold a password.
        where: The same as it may be shown.
        repo: The clone, to read from.
    """

    def __init__(self, url: str, folder: str, progress: Progress | None = None) -> None:
        self.url = url
        self.where = _PASSWORD.sub(r"\1", url)
        self._folder = folder
        self._progress = progress or NoProgress()
        self.repo: Repository = _Clone(folder, _environment(folder, url))

    @classmethod
    def at(cls, url: str, base: str, progress: Progress | None = None) -> Mirror:
        """Return the clone of a URL; nobody is asked anything yet.

        Args:
            url: A Git URL.
            base: The directory with all clones.
            progress: Told of what takes time.

        Raises:
            UnsafeUrlError: It is not one that is safe to hand to Git.
        """
        name = hashing.of_bytes(check_url(url).encode("utf-8", "surrogateescape"))
        return cls(url, os.path.join(base, name), progress)

    # -- revisions ----------------------------------------------------------------------------

    def commit(self, rev: str | None = None) -> str:
        """Return the commit of a revision, and have its trees here.

        Args:
            rev: A branch, tag, commit or anything that Git resolves; None for what HEAD is there.

        Raises:
            UnknownRevisionError: There is no such revision.
            MirrorError: The server cannot be reached, or has no repository there.
        """
        if rev is not None and (not rev or rev.startswith("-") or _CONTROL.search(rev)):
            raise UnknownRevisionError(rev, where=self.where)
        full = rev is not None and _FULL_HASH.fullmatch(rev) is not None
        if rev is not None and full and self._has(rev):
            return rev
        with self._locked():
            self._make()
            if rev is not None and full:
                found = rev if self._has(rev) or self._fetch_one(rev, rev) else None
            else:
                found = self._looked_up(rev)
            if found is None and rev is not None:
                found = self._among_all(rev)
        if found is None:
            raise UnknownRevisionError(rev or "HEAD", self._names(), self.where)
        return found

    def _looked_up(self, rev: str | None) -> str | None:
        """Return the commit of a branch or tag, as the server has it now."""
        name = "HEAD" if rev is None else rev.removeprefix("origin/")
        places = [name] if rev is None or name.startswith("refs/") else []
        if rev is not None and not places:
            places = [f"refs/tags/{name}", f"refs/heads/{name}"]
            if name == "HEAD":
                places = ["HEAD"]
        asked = [*places, *(f"{place}^{{}}" for place in places)]
        refs = self._remote_refs(asked)
        for place in places:
            value = refs.get(f"{place}^{{}}") or refs.get(place)
            if value and (self._has(value) or self._fetch_one(value, place)):
                return value
        if rev is None:
            raise MirrorError(self.where, "it has no commits yet")
        return None

    def tags(self, pattern: str = "*") -> dict[str, str]:
        """Return the tags on the server that fit a pattern: name -> commit or object.

        Raises:
            MirrorError: The server cannot be reached.
        """
        with self._locked():
            self._make()
            found = self._remote_refs([f"refs/tags/{pattern}"])
        names: dict[str, str] = {}
        for ref, value in found.items():
            name = ref.removeprefix("refs/tags/")
            if name.endswith("^{}"):
                names[name[:-3]] = value
            else:
                names.setdefault(name, value)
        return names

    def _remote_refs(self, patterns: Sequence[str]) -> dict[str, str]:
        self._progress.start(f"Asking {self.where}")
        try:
            result = self.repo.call(["ls-remote", "--quiet", "origin", *patterns])
        finally:
            self._progress.finish()
        if result.code != 0:
            raise self._failed(result)
        refs = {}
        for line in result.out.decode("utf-8", "surrogateescape").splitlines():
            value, _, ref = line.partition("\t")
            if _FULL_HASH.fullmatch(value):
                refs[ref] = value
        return refs

    def _has(self, commit: str) -> bool:
        """Return whether a commit is here, with its trees."""
        if not os.path.isdir(os.path.join(self._folder, "objects")):
            return False
        # A branch may have moved while it was fetched: what is kept must be this commit.
        name = f"{_KEPT}{commit}^{{commit}}"
        done = self.repo.call(["rev-parse", "--verify", "--quiet", name])
        return done.out.strip() == commit.encode("ascii")

    def _fetch_one(self, commit: str, name: str) -> bool:
        """Fetch one commit with its trees, and return whether that worked."""
        kept = f"+{{}}:{_KEPT}{commit}"
        for asked in dict.fromkeys((commit, name)):
            for options in ([_SHALLOW, _WITHOUT_FILES], [_WITHOUT_FILES]):
                result = self._fetch([*options, "origin", kept.format(asked)])
                if result.code == 0 and self._has(commit):
                    return True
                if result.code != 0 and not _is_refusal(result):
                    raise self._failed(result)
        return False

    def _among_all(self, rev: str) -> str | None:
        """Fetch all branches and tags with their history, and resolve a revision there."""
        specs = ["+refs/heads/*:refs/heads/*", "+refs/tags/*:refs/tags/*"]
        result = self._fetch([_COMPLETE, _WITHOUT_FILES, "--prune", "origin", *specs])
        if result.code != 0:
            raise self._failed(result)
        head = self.repo.call(["ls-remote", "--quiet", "--symref", "origin", "HEAD"]).out.split()
        if len(head) > 1 and head[0] == b"ref:" and head[1].startswith(b"refs/heads/"):
            self.repo.call(["symbolic-ref", "HEAD", os.fsdecode(head[1])])
        with Trees(self.repo) as trees:
            found = trees.resolve(rev)
        if found is not None:
            self.repo.call(["update-ref", f"{_KEPT}{found}", found])
        return found

    def _names(self) -> list[str]:
        with Trees(self.repo) as trees:
            return [ref.name for ref in (*trees.branches(), *trees.tags())]

    # -- files --------------------------------------------------------------------------------

    def bring(self, trees: Trees, blobs: Iterable[str]) -> None:
        """Have these blobs here, fetched in one go.

        Raises:
            MirrorError: The server cannot be reached.
        """
        missing = trees.lacks(blobs)
        if not missing:
            return
        with self._locked():
            wanted = "".join(f"{one}\n" for one in missing).encode("ascii")
            options = [_WITHOUT_FILES, "--stdin", "origin"]
            # As Git itself does it: a blob says nothing of what else is here.
            result = self._fetch(
                options, input=wanted, before=["-c", "fetch.negotiationAlgorithm=noop"]
            )
            if result.code != 0:
                raise self._failed(result)

    # -- running git --------------------------------------------------------------------------

    def _fetch(
        self, args: Sequence[str], *, input: bytes = b"", before: Sequence[str] = ()
    ) -> Result:
        self._remove_stale_locks()
        words = [
            *before,
            "fetch",
            "--quiet",
            "--no-tags",
            "--no-write-fetch-head",
            "--no-auto-maintenance",
        ]
        words.append("--recurse-submodules=no")
        if not self._is_dumb:
            result = self.repo.call([*words, *args], input=input)
            if b"dumb http transport" not in result.err:
                return result
            self._start_over()
        return self.repo.call([*words, *(arg for arg in args if arg not in _PARTLY)], input=input)

    @property
    def _is_dumb(self) -> bool:
        """Whether the server is a mere web server, which can only give whole objects."""
        return os.path.exists(os.path.join(self._folder, _DUMB))

    def _start_over(self) -> None:
        """Make the clone anew for a mere web server.

        Git has noted that this clone lacks objects on purpose. While it reads from such a
        server it would fetch each one that it looks for, by another Git, and so on for ever.
        """
        shutil.rmtree(self._folder)
        self._make(dumb=True)

    def _locked(self) -> ProjectLock:
        return ProjectLock(f"{self._folder}.lock", on_wait=self._progress.note)

    def _make(self, *, dumb: bool = False) -> None:
        """Make an empty clone, unless there is one."""
        if os.path.isdir(os.path.join(self._folder, "objects")):
            return
        base = os.path.dirname(self._folder)
        temporary = f"{self._folder}.{fsutil.temporary_name()}.tmp"
        os.makedirs(temporary, mode=0o700)
        try:
            env = {"GIT_DIR": temporary, "GIT_WORK_TREE": None, "GIT_COMMON_DIR": None}
            made = git(
                ["init", "--quiet", "--bare", "--template=", "--initial-branch=main", temporary],
                cwd=base,
                writes=True,
                env=env,
            )
            if made.code != 0:
                raise self._failed(made)
            if dumb:
                with open(os.path.join(temporary, _DUMB), "wb"):
                    pass
            os.rename(temporary, self._folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)

    def _remove_stale_locks(self) -> None:
        """Remove lock files of a Git that was killed; we hold a lock of our own."""
        for name in _LOCKS:
            path = os.path.join(self._folder, name)
            until = time.monotonic() + _LOCK_AGE_S
            while (found := fsutil.lstat(path)) is not None:
                if time.time() - found.st_mtime > _LOCK_AGE_S or time.monotonic() > until:
                    fsutil.remove_if_there(path)
                    break
                time.sleep(0.1)  # a Git whose parent was killed may still be at work

    def _failed(self, result: Result) -> MirrorError:
        words = result.err.decode("utf-8", "replace")
        return MirrorError(self.where, _PASSWORD.sub(r"\1", words).replace(self.url, self.where))


def _is_refusal(result: Result) -> bool:
    """Return whether a server answered, and does not do this; another way may work."""
    words = result.err.decode("utf-8", "replace").lower()
    return any(
        text in words
        for text in (
            "not our ref",
            "couldn't find remote ref",
            "unadvertised object",
            "filter",
            "no such remote ref",
            "upload-pack: not",
            "shallow",
        )
    )


def _environment(folder: str, url: str) -> dict[str, str | None]:
    settings = {**_SETTINGS, "remote.origin.url": url}
    env: dict[str, str | None] = {
        "GIT_DIR": folder,
        "GIT_WORK_TREE": None,
        "GIT_COMMON_DIR": None,
        "GIT_INDEX_FILE": None,
        "GIT_OBJECT_DIRECTORY": None,
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": None,
        "GIT_NAMESPACE": None,
        # We say what comes, in one go; nothing is fetched behind our back, one by one.
        "GIT_NO_LAZY_FETCH": "1",
        "LC_ALL": "C",
        "LANGUAGE": None,
    }
    if "GIT_ALLOW_PROTOCOL" not in os.environ:
        # 'file' is for users whose own config says that a URL is a directory (insteadOf).
        env["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh"
    # What the user set in this way before counts, too.
    start = os.environ.get("GIT_CONFIG_COUNT", "0")
    first = int(start) if start.isdigit() else 0
    env["GIT_CONFIG_COUNT"] = str(first + len(settings))
    for number, (key, value) in enumerate(settings.items(), first):
        env[f"GIT_CONFIG_KEY_{number}"] = key
        env[f"GIT_CONFIG_VALUE_{number}"] = value
    return env
