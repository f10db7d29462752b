#!/usr/bin/env python3
"""Write the synthetic sample cohort; rerunning it gives the same bytes."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.build import build


def main() -> None:
    """Parse the command line and write the cohort."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--out", type=Path, default=Path(__file__).resolve().parent, help="folder to write into"
    )
    build(parser.parse_args().out)


if __name__ == "__main__":
    main()
