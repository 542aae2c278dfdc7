"""How `chalice local` starts the sandbox, and the whole of it as one object."""
