"""The console as a person uses it: what they do, and what they see."""

from playwright.sync_api import Page


class Console:
    """One open page."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def start(self) -> str:
        """Start a session as its speaker. Return its id."""
        self.page.click("#start")
        return self.session_id()

    def session_id(self) -> str:
        self.page.wait_for_function(
            "/-[0-9]{3}$/.test(document.querySelector('#session-id')?.innerText)"
        )
        return self.page.inner_text("#session-id")

    def add(self, language: str, count: int) -> None:
        """Add listeners of one language."""
        self.page.select_option("#language", language)
        self.page.fill("#count", str(count))
        self.page.click("#add")

    def say(self, text: str) -> None:
        self.page.fill("#words", text)
        self.page.keyboard.press("Enter")

    def sees_listeners(self, count: int) -> None:
        """Wait until the room has `count` listeners, on this page or elsewhere."""
        self._until("document.querySelector('#count-in-room').innerText", f"^{count} listener")

    def all_listen(self, count: int) -> None:
        """Wait until `count` listeners of this page have joined, and none is still joining."""
        chips = "[...document.querySelectorAll('.listeners .chip')]"
        states = f"{chips}.map((chip) => chip.innerText).join()"
        self._until(states, f"^listening(,listening){{{min(count, 8) - 1},}}$")

    def heard(self, language: str, text: str) -> None:
        """Wait until the caption of a language matches `text`."""
        caption = f"document.querySelector('.captions q:lang({language})')?.innerText"
        self._until(caption, text)

    def received(self, least: int) -> None:
        """Wait until the page has received at least `least` messages."""
        text = "document.querySelector('#received').innerText.replace(',', '')"
        self.page.wait_for_function(f"least => Number({text}) >= least", arg=least)

    def told(self, text: str) -> None:
        """Wait until a line of the log's story matches `text`."""
        self.page.select_option("#kind", "story")
        self.page.wait_for_selector(f".log .story-line:has-text({text!r})")
        self.page.select_option("#kind", "")

    def move(self, name: str) -> None:
        """Move the clock with the button `name`, and wait until it has moved."""
        button = self.page.get_by_role("button", name=name, exact=True)
        button.click()
        self.page.wait_for_selector("#moves button:disabled")
        self.page.wait_for_selector("#moves button:not(:disabled)", timeout=100_000)

    def frames(self, count: int) -> list[float]:
        """Return the milliseconds between `count` consecutive animation frames."""
        intervals: list[float] = self.page.evaluate(
            """(count) => new Promise((resolve) => {
                const times = [];
                const note = (time) => {
                    times.push(time);
                    if (times.length <= count) requestAnimationFrame(note);
                    else resolve(times.slice(1).map((each, index) => each - times[index]));
                };
                requestAnimationFrame(note);
            })""",
            count,
        )
        return intervals

    def _until(self, expression: str, pattern: str) -> None:
        self.page.wait_for_function(
            f"pattern => new RegExp(pattern).test({expression})", arg=pattern
        )
