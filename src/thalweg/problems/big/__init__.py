"""Tables that do not fit in memory: converted once to a file of rows, then read in blocks through a bounded buffer."""
