"""TLS for one host: verified, and resumed where it was spoken before.

The rules are those of Python's `ssl` for clients: certificate and host name are checked, TLS 1.2 or
newer. Parsing a whole CA bundle costs a cold start 20 ms of CPU, five roots 6. So AWS's own
hosts are checked against Amazon's roots (https://www.amazontrust.com/repository/), and against the
whole bundle from the moment that one has a certificate from elsewhere.
"""

import os.path
import select
import socket
import ssl
import threading

_AMAZON_ROOTS = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")

BLOCKED = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""What a non-blocking socket raises instead of waiting."""


class Tls:
    """Makes the TLS connections to one host. Thread-safe."""

    def __init__(self, hostname: str, bundle: str) -> None:
        """`bundle` is a file of other roots (`AWS_CA_BUNDLE`), or `""`."""
        self._hostname = hostname.encode()  # as bytes, for the same reason as in `Endpoint`
        self._roots = bundle
        if not bundle and hostname.endswith(".amazonaws.com"):
            self._roots = _AMAZON_ROOTS
        self._lock = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._session: ssl.SSLSession | None = None

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """TLS over a connected socket, the handshake still to be done."""
        with self._lock:
            if self._context is None:
                self._context = self._new_context()
            return self._context.wrap_socket(
                connection,
                server_hostname=self._hostname,
                do_handshake_on_connect=False,
                session=self._session,
            )

    def shake_hands(self, connection: socket.socket) -> int:
        """Goes on with a non-blocking handshake; the event it waits for, 0 when it is done."""
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
        except ssl.SSLWantReadError:
            return select.POLLIN
        except ssl.SSLWantWriteError:
            return select.POLLOUT
        return 0

    def keep_session(self, connection: socket.socket) -> None:
        """Remembers the session of a connection that was answered: only then has it a ticket.

        Not that of a resumed one: OpenSSL copies it, which costs a quarter of a handshake. Should
        the ticket be refused, the connection is no resumed one.
        """
        with self._lock:
            if (
                isinstance(connection, ssl.SSLSocket)
                and connection.context is self._context
                and not connection.session_reused
            ):
                self._session = connection.session

    def widen(self, problem: OSError) -> bool:
        """Trusts the whole CA bundle, if Amazon's roots alone may be the reason for `problem`.

        Returns whether they may: then connecting again is worth it.
        """
        if self._roots != _AMAZON_ROOTS or not isinstance(problem, ssl.SSLCertVerificationError):
            return False
        with self._lock:
            self._roots, self._context, self._session = "", None, None
        return True

    def _new_context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self._roots:
            context.load_verify_locations(self._roots)
        else:
            context.load_default_certs()
        return context
