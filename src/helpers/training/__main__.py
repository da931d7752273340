"""`python -m helpers.training` runs the command line."""

import sys

from helpers.training.command_line import main

if __name__ == "__main__":
    sys.exit(main())
