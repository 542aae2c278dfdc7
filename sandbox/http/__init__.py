"""HTTP as AWS serves it on one machine: a server, an event loop, signatures, ids."""
