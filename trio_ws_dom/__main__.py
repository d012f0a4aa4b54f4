"""``python -m trio_ws_dom``: the command line."""

import sys

from ._cli._main import main

if __name__ == "__main__":
    sys.exit(main())
