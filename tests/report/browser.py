"""Debian's Chromium, headless, driven over a pipe by the DevTools protocol: nothing is installed for it but itself."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0
"""Within which a browser has to answer, on two busy cores."""

QUIET = (
    "--headless",
    "--no-sandbox",  # root has none
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)


def found() -> str | None:
    """Return the browser's path, None when there is none on this machine."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@dataclass
class Page:
    """One open page. console: what it said there, errors of its own included; requests: the addresses it asked for."""

    browser: Browser
    session: str
    console: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    def ask(self, method: str, **said: Any) -> dict[str, Any]:
        """Call a method of the protocol in this page."""
        return self.browser.ask(method, self.session, **said)

    def shape(self, width: int, height: int, scheme: str = "light", *, mobile: bool = False) -> None:
        """Set the size of the window, and the theme that the reader prefers."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": mobile}
        self.ask("Emulation.setDeviceMetricsOverride", **metrics)
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def open(self, address: str) -> None:
        """Go to an address, and wait until it is loaded."""
        self.browser.loaded.discard(self.session)
        self.ask("Page.navigate", url=address)
        self.browser.listen(lambda: self.session in self.browser.loaded)

    def value(self, script: str) -> Any:
        """Return what an expression comes to in the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise AssertionError(answer["exceptionDetails"])
        return answer["result"].get("value")

    def screenshot(self, clip: dict[str, float] | None = None) -> bytes:
        """Return a PNG of the whole page, or of a part of it (x, y, width, height)."""
        said: dict[str, Any] = {"format": "png", "captureBeyondViewport": True}
        if clip is None:
            size = self.ask("Page.getLayoutMetrics")["cssContentSize"]
            clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"]}
        return base64.b64decode(self.ask("Page.captureScreenshot", **said, clip={**clip, "scale": 1})["data"])

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        return base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])


class Browser:
    """A running browser: messages are JSON, ended by a zero byte, on two pipes."""

    def __init__(self, path: str, folder: str) -> None:
        down, self._write = os.pipe()
        self._read, up = os.pipe()
        # a shell lays the pipes to where the protocol wants them, 3 and 4, and the browser takes its place
        laid = f'exec "$@" 3<&{down} 4>&{up}'
        self._process = subprocess.Popen(
            ["bash", "-c", laid, "bash", path, *QUIET, f"--user-data-dir={folder}", "about:blank"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(down, up),
        )
        os.close(down)
        os.close(up)
        os.set_blocking(self._read, False)
        self._buffer = b""
        self._number = 0
        self._answers: dict[int, dict[str, Any]] = {}
        self._pages: dict[str, Page] = {}
        self.loaded: set[str] = set()

    def ask(self, method: str, session: str = "", **said: Any) -> dict[str, Any]:
        """Call a method of the protocol and return its answer. Raises AssertionError with the browser's words."""
        self._number += 1
        number = self._number
        message = {"id": number, "method": method, "params": said} | ({"sessionId": session} if session else {})
        os.write(self._write, json.dumps(message).encode() + b"\0")
        self.listen(lambda: number in self._answers)
        answer = self._answers.pop(number)
        if "error" in answer:
            raise AssertionError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def listen(self, enough: Any) -> None:
        """Take messages in until ``enough()``."""
        last = time.monotonic() + SECONDS
        while not enough():
            if time.monotonic() > last:
                raise AssertionError(f"the browser did not answer within {SECONDS:.0f} s")
            try:
                got = os.read(self._read, 1 << 20)
            except BlockingIOError:
                time.sleep(0.01)
                continue
            if not got:
                raise AssertionError("the browser has ended")
            self._buffer += got
            *messages, self._buffer = self._buffer.split(b"\0")
            for message in messages:
                self._take(json.loads(message))

    def _take(self, message: dict[str, Any]) -> None:
        if "id" in message:
            self._answers[message["id"]] = message
            return
        page, said = self._pages.get(message.get("sessionId", "")), message.get("params", {})
        if page is None:
            return
        match message["method"]:
            case "Page.loadEventFired":
                self.loaded.add(page.session)
            case "Runtime.consoleAPICalled":
                page.console.append(str(said["args"]))
            case "Runtime.exceptionThrown":
                page.console.append(str(said["exceptionDetails"]))
            case "Log.entryAdded":
                page.console.append(str(said["entry"]["text"]))
            case "Network.requestWillBeSent":
                page.requests.append(str(said["request"]["url"]))

    def colours(self, png: bytes) -> list[tuple[int, int, int]]:
        """Return the colours of a picture, the most common first."""
        data = base64.b64encode(png).decode()
        found = self.page().value(
            f"(async () => {{ const blob = await (await fetch('data:image/png;base64,{data}')).blob();"
            " const image = await createImageBitmap(blob), canvas = new OffscreenCanvas(image.width, image.height);"
            " const context = canvas.getContext('2d'); context.drawImage(image, 0, 0);"
            " const pixels = new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer);"
            " const counts = new Map(); for (const each of pixels) counts.set(each, (counts.get(each) || 0) + 1);"
            " return [...counts].sort((a, b) => b[1] - a[1]).map(each => each[0]) })()"
        )
        return [(each & 255, each >> 8 & 255, each >> 16 & 255) for each in found]

    def page(self) -> Page:
        """Open an empty page whose console and requests are listened to."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self._pages[session] = Page(self, session)
        for domain in ("Page", "Runtime", "Log", "Network"):
            page.ask(f"{domain}.enable")
        return page

    def close(self) -> None:
        """End it, and wait until it has."""
        os.close(self._write)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._read)


@contextmanager
def browser(path: str) -> Iterator[Browser]:
    """Give a browser with a profile of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="dr-browser-", ignore_cleanup_errors=True) as folder:
        opened = Browser(path, str(Path(folder)))
        try:
            yield opened
        finally:
            opened.close()
