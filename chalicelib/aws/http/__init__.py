"""A small HTTP/1.1 client with TLS and AWS signatures: the lean wire, on the standard library."""
