"""TLS for one host: verified, and resumed where there is a session.

The rules are those of Python's `ssl` for clients: certificate and host name are checked, TLS 1.2 or
newer. Parsing a whole CA bundle costs a cold start 20 ms of CPU, five roots 6. So AWS's own
hosts are checked against Amazon's roots (https://www.amazontrust.com/repository/), and against the
whole bundle once one has a certificate of another authority.
"""

import os.path
import select
import socket
import ssl
import threading

_AMAZON_ROOTS = os.path.join(os.path.dirname(__file__), "amazon_roots.pem")

BLOCKED = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
"""The exceptions that a non-blocking TLS socket raises instead of waiting."""


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
        """Return a TLS socket over a connected socket, before its handshake."""
        with self._lock:
            if self._context is None:
                self._context = self._new_context()
            return self._context.wrap_socket(
                connection,
                server_hostname=self._hostname,
                do_handshake_on_connect=False,
                session=self._session,
            )

    def continue_handshake(self, connection: socket.socket) -> int:
        """Continue a non-blocking handshake.

        Return the event that it waits for, 0 once it is done.
        """
        try:
            if isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
        except ssl.SSLWantReadError:
            return select.POLLIN
        except ssl.SSLWantWriteError:
            return select.POLLOUT
        return 0

    def keep_session(self, connection: socket.socket) -> None:
        """Keep the session of a connection that has carried a response: only then has it a ticket.

        The session of a resumed connection is not kept: OpenSSL copies it, which costs a quarter of
        a handshake. If the server refuses a ticket, the connection is not a resumed one.
        """
        with self._lock:
            if (
                isinstance(connection, ssl.SSLSocket)
                and connection.context is self._context
                and not connection.session_reused
            ):
                self._session = connection.session

    def trust_all_roots(self, problem: OSError) -> bool:
        """Trust the whole CA bundle, if `problem` may be due to Amazon's roots alone.

        Return True if it may: connect again then.
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
