"""The wire, without I/O: bytes come in as arguments and go out as results."""
