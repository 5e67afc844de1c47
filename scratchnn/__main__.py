"""Entry point of ``python -m scratchnn`` and of the command ``scratchnn``."""

import sys


def main() -> int:
    """Run one command; Ctrl-C is one line from the first import on."""
    try:
        from scratchnn import cli

        return cli.main()
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
