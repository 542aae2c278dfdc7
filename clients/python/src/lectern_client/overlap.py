"""While a session has two sockets, an event may come on both."""

from lectern_client.link import Link


class Overlap:
    def __init__(self) -> None:
        self._seen: dict[str, Link] = {}

    def is_twice(self, text: str, link: Link) -> bool:
        """Whether the same text came on the other socket before."""
        other = self._seen.get(text)
        if other is not None and other is not link:
            del self._seen[text]
            return True
        self._seen[text] = link
        return False

    def clear(self) -> None:
        self._seen.clear()
