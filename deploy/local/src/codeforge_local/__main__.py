"""``python -m codeforge_local``."""

import sys

from codeforge_local.app import main

if __name__ == "__main__":
    sys.exit(main())
