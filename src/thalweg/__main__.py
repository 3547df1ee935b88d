"""python -m thalweg."""

from thalweg.interfaces.cli import main

main()
