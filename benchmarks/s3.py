"""An S3 server on loopback that counts requests: moto's, in a process of its own.

It shares the processors with its clients, so wall time on it says little; CPU time of the
client and the number of requests do. Run as ``python s3.py``: prints its port, then serves.
"""

from __future__ import annotations

import hashlib
import http.client
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from typing import Any

_COUNT = "/git-dvc-benchmark/count"
_OBJECT = re.compile(rb"<Contents><Key>(.*?)</Key>.*?<Size>(\d+)</Size>", re.DOTALL)
_NEXT = re.compile(rb"<NextContinuationToken>(.*?)</NextContinuationToken>")


def is_there() -> bool:
    """Return whether moto is installed (it is part of the extra ``test``)."""
    return all(importlib.util.find_spec(name) for name in ("moto", "flask"))


class Server:
    """A running server. ``close`` it."""

    def __init__(self) -> None:
        environment = {name: text for name, text in os.environ.items() if "proxy" not in name}
        self._process = subprocess.Popen(
            [sys.executable, os.path.abspath(__file__)],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        self._port = int(self._process.stdout.readline())
        self.address = f"http://127.0.0.1:{self._port}"

    def close(self) -> None:
        """Stop it; what it held is gone."""
        self._process.kill()
        self._process.communicate()

    def environment(self) -> dict[str, str]:
        """Return what clients need, beside the address."""
        return {
            "AWS_ACCESS_KEY_ID": "benchmark",
            "AWS_SECRET_ACCESS_KEY": "benchmark",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "RCLONE_CONFIG": os.devnull,
            "RCLONE_S3_PROVIDER": "Other",
            "RCLONE_S3_ENV_AUTH": "true",
            "RCLONE_S3_ENDPOINT": self.address,
            "RCLONE_S3_NO_CHECK_BUCKET": "true",
            "NO_PROXY": "127.0.0.1",
        }

    def requests(self) -> int:
        """Return how many requests there were so far, those of this class not counted."""
        return int(self._ask("GET", _COUNT))

    def reset(self, buckets: Iterable[str]) -> None:
        """Forget everything and make these buckets."""
        self._ask("POST", "/moto-api/reset")
        for bucket in buckets:
            self._ask("PUT", f"/{bucket}")

    def objects(self, bucket: str) -> list[tuple[str, int]]:
        """Return key and size of everything in a bucket."""
        found: list[tuple[str, int]] = []
        page = ""
        while True:
            answer = self._ask("GET", f"/{bucket}?list-type=2{page}")
            found += [(key.decode(), int(size)) for key, size in _OBJECT.findall(answer)]
            more = _NEXT.search(answer)
            if more is None:
                return found
            page = f"&continuation-token={more[1].decode()}"

    def digest(self, bucket: str) -> str:
        """Digest the keys and sizes of everything in a bucket."""
        lines = "".join(f"{key} {size}\n" for key, size in sorted(self.objects(bucket)))
        return hashlib.sha1(lines.encode(), usedforsecurity=False).hexdigest()

    def _ask(self, method: str, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request(method, path, headers={"X-Not-Counted": "1"})
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise OSError(f"{method} {path}: {answer.status} {body[:200]!r}")
        return body


class _Counting:
    """The application with a counter around it."""

    def __init__(self, application: Callable[..., Any]) -> None:
        self._application = application
        self._count = 0

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if environ["PATH_INFO"] == _COUNT:
            start_response("200 OK", [("Content-Type", "text/plain")])
            return [str(self._count).encode()]
        if "HTTP_X_NOT_COUNTED" not in environ:
            self._count += 1  # a lost count among threads would be a miss of one
        return self._application(environ, start_response)


def main() -> None:
    """Serve until killed."""
    import logging

    from moto.moto_server.werkzeug_app import (
        DomainDispatcherApplication,
        MotoRequestHandler,
        create_backend_app,
    )
    from werkzeug.serving import make_server

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    MotoRequestHandler.protocol_version = "HTTP/1.1"  # clients keep their connections
    application = _Counting(DomainDispatcherApplication(create_backend_app))
    server = make_server(
        "127.0.0.1", 0, application, threaded=True, request_handler=MotoRequestHandler
    )
    print(server.server_port, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
