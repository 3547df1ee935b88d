"""The peers, each set up as its own documentation would have it for speed on one thread."""
