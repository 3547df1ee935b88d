"""A page as a browser sees it: `inspect` opens a file in headless Chromium and says what is wrong with it.

Chromium is spoken to over its DevTools pipe: JSON messages that end in a zero byte, on two extra file
descriptors, so nothing but the standard library is needed.
"""

import base64
import contextlib
import fcntl
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--disable-dev-shm-usage", "--mute-audio", "--remote-debugging-pipe",
)  # fmt: skip
_PATIENCE = 60.0  # seconds for one answer of the browser
_PROBE = (Path(__file__).parent / "page_probe.js").read_text(encoding="utf-8")


def inspect(
    html_path: Path | str,
    width: int,
    dark: bool,
    *,
    screenshot: Path | None = None,
    act: str = "",
    script: bool = True,
    media: str = "screen",
) -> dict[str, Any]:
    """Open a page `width` CSS pixels wide and report what a reader would stumble over.

    `act` is a script that is run first, to press a button say; `script=False` loads the page without its own
    scripts, `media="print"` shows it as on paper. The report has `width` and `dark` (what the page believes),
    `paper` (its colour), `requests` (addresses asked for beside the page), `errors` (console, exceptions, policy),
    `overflow` (pixels by which the page is wider than the window), `overlaps`, `clipped` and `small` (sentences
    about texts), `figures` (how many) and `answer` (the value of `act`).
    """
    address = Path(html_path).resolve().as_uri()
    with _browser() as page:
        page.ask("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.ask("Emulation.setEmulatedMedia", media=media, features=[scheme])
        page.ask("Emulation.setScriptExecutionDisabled", value=not script)
        page.ask("Page.navigate", url=address)
        page.wait_for("Page.loadEventFired")
        page.ask("Emulation.setScriptExecutionDisabled", value=False)  # the probe has to run
        answer = page.evaluate(act) if act else None
        found: dict[str, Any] = page.evaluate(_PROBE)
        found["answer"] = answer
        if screenshot is not None:
            _photograph(page, screenshot, width)
        found["requests"] = [url for url in page.requests if url != address and not url.startswith("data:")]
        found["errors"] = page.errors
    return found


def _photograph(page: "_Page", path: Path, width: int) -> None:
    """A picture of the whole page."""
    height = page.evaluate("document.documentElement.scrollHeight")
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
    shot = page.ask("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)
    path.write_bytes(base64.b64decode(shot["data"]))


def executable() -> str:
    """The browser's path; without one the test is skipped, but on a build server it fails."""
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found:
        return found
    sentence = f"no browser is installed; have one of {', '.join(_NAMES)} on the path to run this test"
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


class _Page:
    """One tab: questions go down a pipe, answers and events come up another."""

    def __init__(self, down: int, up: int) -> None:
        self._down, self._up = down, up
        self._count, self._session = 0, ""
        self._buffer = b""
        self._events: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self.errors: list[str] = []

    def open(self) -> None:
        """A tab that reports what it loads and what goes wrong in it."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")

    def ask(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Send one question and return its answer."""
        self._count += 1
        message: dict[str, Any] = {"id": self._count, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        _write(self._down, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == self._count:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def evaluate(self, script: str) -> Any:
        """The value of a script, or of what it promises."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def wait_for(self, event: str) -> None:
        """Read on until `event` has come."""
        while not any(message["method"] == event for message in self._events):
            self._next()

    def _next(self) -> dict[str, Any]:
        end = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._up], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self._up, 1 << 16) if ready else b""
            if not chunk:
                raise RuntimeError("the browser went away or did not answer in time")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\0", 1)
        message: dict[str, Any] = json.loads(line)
        if "method" in message:
            self._note(message)
        return message

    def _note(self, message: dict[str, Any]) -> None:
        """Keep requests and errors as they happen."""
        self._events.append(message)
        method, told = message["method"], message["params"]
        if method == "Network.requestWillBeSent":
            self.requests.append(told["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.errors.append(str(told["exceptionDetails"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in {"error", "warning"}:
            self.errors.append(told["entry"]["text"])
        elif method == "Runtime.consoleAPICalled" and told["type"] in {"error", "warning", "assert"}:
            self.errors.append(str(told["args"]))


def _write(pipe: int, data: bytes) -> None:
    while data:
        data = data[os.write(pipe, data) :]


@contextlib.contextmanager
def _browser() -> Iterator[_Page]:
    """A fresh browser with its own profile, gone afterwards."""
    commands, down = os.pipe()
    up, answers = os.pipe()
    commands_high, answers_high = (fcntl.fcntl(end, fcntl.F_DUPFD, 10) for end in (commands, answers))
    os.close(commands)
    os.close(answers)

    def to_three_and_four() -> None:  # where Chromium looks for its pipes
        os.dup2(commands_high, 3)
        os.dup2(answers_high, 4)

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [executable(), *_FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(3, 4, commands_high, answers_high),
            preexec_fn=to_three_and_four,  # noqa: PLW1509 - only moves descriptors, starts no thread
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(commands_high)
        os.close(answers_high)
        try:
            page = _Page(down, up)
            page.open()
            yield page
        finally:
            process.kill()
            process.wait()
            os.close(down)
            os.close(up)
