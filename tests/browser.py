"""A real browser for tests of pages: Chromium without a window, driven over its own pipe.

It speaks the DevTools protocol, JSON messages that end in a NUL, on two descriptors. There is no
network: a page that wants anything fails, and says so.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-sync", "--disable-background-networking", "--disable-component-update",
    "--disable-dev-shm-usage", "--remote-debugging-pipe", "--hide-scrollbars",
)  # fmt: skip
_PATIENCE_S = 60


def program() -> str | None:
    """Return where the browser is: GIT_DVC_TEST_BROWSER, or what is on PATH."""
    chosen = os.environ.get("GIT_DVC_TEST_BROWSER")
    return chosen or next(filter(None, map(shutil.which, PROGRAMS)), None)


class Browser:
    """A browser with one page.

    Attributes:
        said: What pages wrote to the console since they were opened, and their errors.
    """

    def __init__(self, command: str, folder: Path) -> None:
        ours, theirs = os.pipe(), os.pipe()
        self._out, self._in = theirs[0], ours[1]

        def hand_over() -> None:
            os.dup2(ours[0], 3)
            os.dup2(theirs[1], 4)

        # Descriptors 3 and 4 are where it looks for the pipe.
        self._process = subprocess.Popen(
            [command, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "TMPDIR": "/tmp"},  # for a socket, whose path must be short
            preexec_fn=hand_over,
            close_fds=False,
            start_new_session=True,
        )
        os.close(ours[0])
        os.close(theirs[1])
        self._count = 0
        self._session = ""
        self._left = b""
        self.said: list[str] = []
        (target,) = [
            one for one in self.call("Target.getTargets")["targetInfos"] if one["type"] == "page"
        ]
        attached = self.call("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call(
            "Network.emulateNetworkConditions",
            offline=True, latency=0, downloadThroughput=0, uploadThroughput=0,
        )  # fmt: skip

    def close(self) -> None:
        """End the browser, whatever it does."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._in)
        os.close(self._out)

    def call(self, method: str, **params: Any) -> Any:
        """Send a command of the protocol and return its result."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._in, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _next(self) -> Any:
        while b"\0" not in self._left:
            ready, _, _ = select.select([self._out], [], [], _PATIENCE_S)
            assert ready, "the browser says nothing"
            piece = os.read(self._out, 1024**2)
            assert piece, "the browser has ended"
            self._left += piece
        message, _, self._left = self._left.partition(b"\0")
        return json.loads(message)

    def _note(self, event: Any) -> None:
        params = event.get("params", {})
        if event.get("method") == "Runtime.consoleAPICalled":
            texts = [str(one.get("value", one.get("description"))) for one in params["args"]]
            self.said.append(f"{params['type']}: {' '.join(texts)}")
        elif event.get("method") == "Runtime.exceptionThrown":
            self.said.append(f"exception: {params['exceptionDetails']}")
        elif event.get("method") == "Log.entryAdded":
            self.said.append(f"{params['entry']['level']}: {params['entry']['text']}")
        elif event.get("method") == "Page.javascriptDialogOpening":
            self.said.append(f"dialog: {params['message']}")
            self.call("Page.handleJavaScriptDialog", accept=True)

    def open(self, path: Path, *, dark: bool = False, width: int = 1280, height: int = 900) -> None:
        """Open a file as a page, and wait until it is there."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="screen", features=[scheme])
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        self.said.clear()
        self.call("Page.navigate", url=path.as_uri())
        self.wait_for("document.readyState === 'complete'")

    def run(self, script: str) -> Any:
        """Return what a script in the page comes to."""
        found = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait_for(self, condition: str) -> None:
        """Wait until a script in the page is true."""
        end = time.monotonic() + _PATIENCE_S
        while not self.run(f"!!({condition})"):
            assert time.monotonic() < end, f"never: {condition}\n{self.said}"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click in the middle of an element, as a mouse does."""
        self.run(f"document.querySelector({selector!r}).scrollIntoView({{block: 'center'}})")
        x, y = self.run(
            f"(() => {{ const r = document.querySelector({selector!r}).getBoundingClientRect();"
            "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        )
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = "none" if kind == "mouseMoved" else "left"
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button=button, clickCount=1)

    def type(self, selector: str, text: str) -> None:
        """Type into a field, in place of what was there."""
        self.run(f"document.querySelector({selector!r}).focus()")
        self.run(f"document.querySelector({selector!r}).select()")
        self.call("Input.insertText", text=text)

    def picture(self, path: Path) -> None:
        """Save the whole page as a PNG."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(found["data"]))


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Browser | None]:
    """Give a browser, or None where there is none."""
    command = program()
    if command is None:
        yield None
        return
    browser = Browser(command, folder)
    try:
        yield browser
    finally:
        browser.close()
