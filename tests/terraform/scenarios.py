"""One scenario a function, in which it does everything that it can do.

Each leads its function down every path that calls AWS, the rare ones too: connections that are
found gone, sessions that end, clients that moved while something was under way.
"""

from tests.terraform.driven import Driven

_LARGE = "x" * 5000  # its text is an item of its own in the history
_NOT_YOUNG = 40  # seconds; younger connections may still be opening, and a 410 says nothing


def talk(stack: Driven, name: str) -> str:
    """Create a session of `{name}-speaker`; `{name}-listener` joins, with attachments."""
    stack.speaker(f"{name}-speaker")
    session = str(stack.say(f"{name}-speaker", "createSession", sourceLanguage="en")["sessionId"])
    listen(stack, f"{name}-listener", session)
    return session


def listen(stack: Driven, connection: str, session: str) -> str:
    """Add a listener with a subscription and a running request. Return its resume token."""
    stack.connect(connection)
    joined = stack.say(connection, "joinSession", sessionId=session, targetLanguage="es")
    belong(stack, connection)
    return str(joined["resumeToken"])


def belong(stack: Driven, connection: str) -> None:
    """Give a connection a subscription and a request."""
    stack.say(connection, "subscribe", topic="questions")
    stack.say(connection, "submitRequest", request="sessionReport")


def lose(stack: Driven, *connections: str) -> None:
    """From now on posts find these gone, and they are old enough to be believed gone."""
    stack.recorder.gone |= set(connections)
    stack.wait(_NOT_YOUNG)


def leave_behind(stack: Driven, connection: str) -> None:
    """Leave a superseded connection whose attachments have not been moved yet."""
    belong(stack, connection)
    stack.connect(f"{connection}-new")
    stack.supersede(connection, f"{connection}-new")


def connect(stack: Driven) -> None:
    stack.speaker("c-speaker", action="createSession", sourceLanguage="en")
    session = stack.aws.items("sessions")[0]["sessionId"]["S"]
    token = listen(stack, "c-first", session)
    stack.connect("c-young", action="joinSession", sessionId=session, targetLanguage="fr")
    refreshed = {
        "action": "refreshConnection",
        "sessionId": session,
        "targetLanguage": "es",
        "resumeToken": token,
    }
    stack.connect("c-second", **refreshed)
    stack.connect("c-third", **refreshed | {"targetLanguage": "de"})
    stack.connect("c-brief", token=stack.token(seconds=50))  # its token expires before a sweep
    # The job of the reply can't be sent: what was done is undone, belongings and all.
    stack.recorder.refuse_jobs = True
    stack.connect("c-fourth", **refreshed)
    stack.recorder.refuse_jobs = False
    # The speaker comes back, finds a listener gone, and another one that has moved on.
    listen(stack, "c-gone", session)
    stack.disconnect("c-speaker")
    lose(stack, "c-gone")
    stack.speaker("c-again", action="refreshConnection", sessionId=session)
    # Without a grace, a speaker whose handshake fails at its end takes session and listeners along.
    listen(stack, "c-last", session)
    stack.set(SPEAKER_GRACE_SECONDS="0")
    stack.recorder.refuse_jobs = True
    stack.speaker("c-failing", action="refreshConnection", sessionId=session)
    stack.recorder.refuse_jobs = False


def message(stack: Driven) -> None:
    session = talk(stack, "m")
    speaker, listener = "m-speaker", "m-listener"
    token = listen(stack, "m-old", session)
    stack.connect("m-new")
    refresh = {"sessionId": session, "role": "listener", "resumeToken": token}
    stack.say("m-new", "refreshConnection", targetLanguage="es", **refresh)
    stack.say("m-new", "changeLanguage", targetLanguage="fr")
    stack.say(speaker, "broadcast", data="hello")
    stack.say(speaker, "setVolume", volume=0.5)
    stack.say(speaker, "getSessionStatus")
    stack.say(speaker, "authenticate", token=stack.token())
    stack.say(speaker, "broadcast", data=_LARGE)
    stack.say(listener, "recover", lastSeq={"*": 0})
    stack.say(listener, "publish", topic="questions", data="why?")
    stack.say(listener, "unsubscribe", topic="questions")
    accepted = stack.say(listener, "submitRequest", request="sessionReport")
    stack.say(listener, "cancelRequest", requestId=accepted["requestId"])
    stack.wait(_NOT_YOUNG)
    stack.say(listener, "heartbeat", wantSeq=True)
    stack.wait(100 * 60)
    stack.say(listener, "heartbeat")
    # A post finds a listener gone; a topic's finds one that has moved on.
    listen(stack, "m-moved", session)
    leave_behind(stack, "m-moved")
    lose(stack, "m-new", "m-moved")
    stack.say(speaker, "broadcast", data="anybody?")
    stack.say(listener, "publish", topic="questions", data="really?")
    stack.say(listener, "leaveSession")
    stack.set(INLINE_FANOUT_LIMIT="0")
    listen(stack, "m-late", session)
    stack.say(speaker, "broadcast", data="in the background")
    stack.set()
    stack.say(speaker, "endSession")


def disconnect(stack: Driven) -> None:
    session = talk(stack, "d")
    stack.disconnect("d-listener")
    listen(stack, "d-moved", session)
    leave_behind(stack, "d-moved")
    stack.disconnect("d-moved")
    stack.disconnect("d-speaker")  # a drop: listeners wait
    talk(stack, "e")
    stack.disconnect("e-speaker", 1000)  # a wish: the session ends


def sweep(stack: Driven) -> None:
    session = talk(stack, "s")
    listen(stack, "s-moved", session)
    leave_behind(stack, "s-moved")
    stack.wait(100)
    stack.schedule("sweep_connections", seconds_left=1)  # leaves the rest to a job
    stack.wait(100)
    stack.schedule("sweep_connections")  # everybody is silent by now; the speaker has its grace
    stack.wait(60)
    stack.schedule("sweep_connections")  # the grace is over
    stack.connect("s-ageing")
    stack.wait(101 * 60)
    stack.say("s-ageing", "heartbeat")
    stack.wait(60)
    stack.schedule("sweep_connections")  # told to refresh
    talk(stack, "t")
    stack.wait(3 * 3600)
    stack.schedule("sweep_connections")  # the session's time is up


def publish_status(stack: Driven) -> None:
    talk(stack, "p")
    stack.schedule("publish_status")
    lose_speakers(stack, "p")
    stack.schedule("publish_status")
    for name in ("q", "r"):
        session = talk(stack, name)
        lose_speakers(stack, name)
        if name == "q":
            leave_behind(stack, "q-speaker")
        else:
            stack.set(SPEAKER_GRACE_SECONDS="0")
            listen(stack, "r-second", session)
        stack.schedule("publish_status")
    stack.set()


def lose_speakers(stack: Driven, name: str) -> None:
    """Cut off the speaker of a talk and its listener."""
    lose(stack, f"{name}-speaker", f"{name}-listener")


def reconcile_counts(stack: Driven) -> None:
    session = talk(stack, "k")
    listen(stack, "k-second", session)
    stack.say("k-listener", "leaveSession")
    stack.schedule("reconcile_counts")  # a language that nobody listens to is forgotten
    wrong = stack.shard(session)
    stack.put(
        "counts",
        wrong | {"listenerCount": {"N": "3"}, "languageCounts": {"M": {"es": {"N": "3"}}}},
    )
    stack.schedule("reconcile_counts")


def on_counts_change(stack: Driven) -> None:
    session = talk(stack, "o")
    full = stack.shard(session)
    empty = full | {"listenerCount": {"N": "0"}, "languageCounts": {"M": {"es": {"N": "0"}}}}
    lose_speakers(stack, "o")
    stack.change(empty, full)  # the speaker is to be told, and is gone
    stack.change(full, empty)  # a language that nobody listens to is removed
    session = talk(stack, "u")
    lose_speakers(stack, "u")
    leave_behind(stack, "u-speaker")
    full = stack.shard(session)
    stack.change(full | {"languageCounts": {"M": {}}}, full)
    session = talk(stack, "x")
    lose_speakers(stack, "x")
    stack.set(SPEAKER_GRACE_SECONDS="0")
    listen(stack, "x-second", session)
    full = stack.shard(session)
    stack.change(full | {"languageCounts": {"M": {}}}, full)
    stack.set()


def on_session_change(stack: Driven) -> None:
    # A speaker has its first reply, a status is due, and it is gone.
    session = talk(stack, "o")
    item = stack.session(session)
    lose_speakers(stack, "o")
    stack.change(item | {"speakerOpeningAt": {"N": "1"}}, item)
    session = talk(stack, "u")
    item = stack.session(session)
    lose_speakers(stack, "u")
    leave_behind(stack, "u-speaker")
    stack.change(item | {"speakerOpeningAt": {"N": "1"}}, item)
    # A crash left a session that has ended, and its listener.
    session = talk(stack, "v")
    item = stack.session(session)
    ended = {name: value for name, value in item.items() if name != "activeShard"}
    ended |= {"isActive": {"BOOL": False}, "endReason": {"S": "endedBySpeaker"}}
    stack.put("sessions", ended)
    stack.change(item, ended)


def run_jobs(stack: Driven) -> None:
    stack.speaker("j-speaker", action="createSession", sourceLanguage="en")
    session = next(
        each["sessionId"]["S"]
        for each in stack.aws.items("sessions")
        if each["speakerConnectionId"]["S"] == "j-speaker"
    )
    stack.say("j-speaker", "broadcast", data=_LARGE)
    stack.connect(
        "j-young", action="joinSession", sessionId=session, targetLanguage="es", lastSeq='{"*":0}'
    )
    stack.say("j-speaker", "submitRequest", request="sessionReport")
    stack.run_jobs()
    # An earlier version left its reply to a socket that does not open on the jobs queue.
    stack.recorder.gone.add("j-late")
    stack.connect("j-late", action="joinSession", sessionId=session, targetLanguage="es")
    stack.run_jobs()
    stack.recorder.gone.clear()
    stack.disconnect("j-late")
    stack.schedule("publish_status")  # asks for another half a minute later
    stack.set(INLINE_FANOUT_LIMIT="0")
    listen(stack, "j-gone", session)
    listen(stack, "j-moved", session)
    stack.say("j-speaker", "broadcast", data="in the background")
    leave_behind(stack, "j-moved")
    lose(stack, "j-gone", "j-moved")
    stack.run_jobs()
    stack.set()
    wrong = stack.shard(session)
    stack.put(
        "counts",
        wrong | {"listenerCount": {"N": "9"}, "languageCounts": {"M": {"es": {"N": "9"}}}},
    )
    stack.schedule("reconcile_counts")
    stack.run_jobs()
    stack.disconnect("j-speaker")
    stack.wait(16)
    stack.run_jobs()  # the grace is over
    stack.speaker("j-removed")
    stack.operate("removeUser", tenantId="default", userId="anna")
    stack.run_jobs()
    stack.connect("j-silent")
    stack.wait(130)
    stack.schedule("sweep_connections", seconds_left=1)
    stack.run_jobs()  # goes on with the sweep


def send_replies(stack: Driven) -> None:
    stack.speaker("w-speaker", action="createSession", sourceLanguage="en")
    session = stack.aws.items("sessions")[0]["sessionId"]["S"]
    joining = {"action": "joinSession", "sessionId": session, "targetLanguage": "es"}
    stack.connect("w-listener", **joining)
    stack.say("w-speaker", "broadcast", data=_LARGE)
    stack.recorder.gone |= {"w-late"}
    stack.connect("w-late", **joining, lastSeq='{"*":0}')
    stack.send_replies()  # one socket is not open yet
    stack.recorder.gone.clear()
    stack.send_replies()
    stack.connect("w-refused", role="pilot", refusal="message")
    stack.send_replies()  # the error, and the socket is closed


def api_handler(stack: Driven) -> None:
    session = talk(stack, "a")
    said = {"data": "hello"}
    stack.operate("getHealth")
    stack.operate("listSessions")
    stack.operate("listTenantSessions", tenantId="default")
    stack.operate("listConnections", sessionId=session)
    stack.operate("broadcast", said, sessionId=session)
    stack.operate("tellTenant", said, tenantId="default")
    # A post finds somebody gone who had moved on, topics and requests not yet with them.
    listen(stack, "a-moved", session)
    leave_behind(stack, "a-moved")
    lose(stack, "a-moved", "a-listener")
    stack.operate("tellTenant", said, tenantId="default")
    stack.operate("endSession", sessionId=talk(stack, "b"))
    stack.operate("removeUser", tenantId="default", userId="anna")


SCENARIOS = {
    "api_handler": api_handler,
    "websocket_connect": connect,
    "websocket_message": message,
    "websocket_disconnect": disconnect,
    "sweep_connections": sweep,
    "publish_status": publish_status,
    "reconcile_counts": reconcile_counts,
    "on_session_change": on_session_change,
    "on_counts_change": on_counts_change,
    "run_jobs": run_jobs,
    "send_replies": send_replies,
}
