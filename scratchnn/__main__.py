"""Entry point of ``python -m scratchnn``."""

import sys

from scratchnn.cli import main

if __name__ == "__main__":
    sys.exit(main())
