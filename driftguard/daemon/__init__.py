"""One process per work tree that looks again whenever something changes, and answers git hooks over a socket."""
