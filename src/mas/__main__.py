"""`python -m mas` is the same as the `mas` script."""

from mas.cli.main import main

if __name__ == "__main__":
    main()
