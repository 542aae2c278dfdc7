"""An exception is logged so that it can be found, without what a client sent."""

from collections.abc import Callable

from tests.chalicelib.telemetry.captured import Captured, ShortHasher


def _raised(action: Callable[[], object]) -> Exception:
    try:
        action()
    except Exception as error:
        return error
    raise AssertionError("it did not raise")


def _look_up() -> None:
    try:
        dict[str, str]()["what the client sent"]
    except KeyError as error:
        raise RuntimeError("no such 'session'; see 'it\\'s' and \"that\"") from error


def test_an_exception_is_logged_with_type_frames_and_cause_but_without_quoted_text(
    captured: Captured,
) -> None:
    captured.telemetry.error("failed", _raised(_look_up))

    told = captured.document["exception"]
    assert told["type"] == "RuntimeError"
    assert told["text"] == "no such '...'; see '...' and '...'"
    assert [frame.split()[-1] for frame in told["frames"]] == ["_raised", "_look_up"]
    assert told["frames"][0].startswith("chalicelib/telemetry/test_exceptions.py:")
    assert told["cause"]["type"] == "KeyError"
    assert told["cause"]["text"] == "'...'"


def test_the_connection_is_hashed_in_the_text_of_an_exception_too(captured: Captured) -> None:
    with captured.telemetry.invocation("message", "c", "myconnection"):
        captured.telemetry.warning("failed", ValueError("no myconnection"))

    assert captured.document["exception"]["text"] == (
        f"no {ShortHasher().connection('myconnection')}"
    )


def test_the_context_of_an_exception_is_logged_unless_suppressed(captured: Captured) -> None:
    def in_passing() -> None:
        try:
            raise ValueError("first")
        except ValueError:
            raise TypeError("second")  # noqa: B904 - this is the case

    def instead() -> None:
        try:
            raise ValueError("first")
        except ValueError:
            raise TypeError("second") from None

    captured.telemetry.error("a", _raised(in_passing))
    captured.telemetry.error("b", _raised(instead))

    first, second = captured.documents
    assert first["exception"]["cause"]["type"] == "ValueError"
    assert "cause" not in second["exception"]


def test_the_chain_and_the_frames_of_an_exception_are_cut(captured: Captured) -> None:
    def deeper(left: int) -> None:
        if left:
            deeper(left - 1)
        raise ValueError

    chain: BaseException = ValueError()
    for _ in range(10):
        outer = RuntimeError()
        outer.__cause__, chain = chain, outer

    captured.telemetry.error("deep", _raised(lambda: deeper(100)))
    captured.telemetry.error("long", chain)

    deep, long = captured.documents
    assert len(deep["exception"]["frames"]) == 20
    assert deep["exception"]["frames"][-1].endswith(" deeper")
    assert captured.lines[1].count("RuntimeError") == 4
    assert long["exception"]["cause"]["cause"]["cause"].get("cause") is None
