"""Run the command line: ``python -m fleetaudit``."""

from fleetaudit.cli.main import main

if __name__ == "__main__":
    main()
