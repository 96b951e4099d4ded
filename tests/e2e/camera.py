"""Pictures of what people see."""

from pathlib import Path

from playwright.sync_api import Locator, Page

LARGEST = 200 * 1024
# The backdrop shows around a dialog's round corners.
READY = """() => {
  document.activeElement.blur();
  const style = new CSSStyleSheet();  // a <style> would be stopped by the page's own policy
  style.replaceSync("dialog::backdrop { background: white } .modal { max-height: calc(100vh - 48px) }");
  document.adoptedStyleSheets = [style];
}"""


class Camera:
    """Takes pictures into a folder; none may be large."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, what: Page | Locator, name: str) -> None:
        page = what if isinstance(what, Page) else what.page
        page.mouse.move(0, 0)
        page.evaluate(READY)
        path = self._folder / f"{name}.png"
        what.screenshot(path=path, animations="disabled", caret="hide")
        size = path.stat().st_size
        if size >= LARGEST:
            raise RuntimeError(f"{path} has {size:,} bytes; {LARGEST:,} is too much")
        print(f"{path.name}: {size / 1024:.0f} KB")
