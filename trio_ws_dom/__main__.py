"""The command line, as ``python -m trio_ws_dom``."""

import sys

from ._cli._main import main

if __name__ == "__main__":
    sys.exit(main())
