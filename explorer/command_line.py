"""What the command lines of explorer and trainer share: one plain line for a mistake, and exit statuses."""

import argparse
import sys
from collections.abc import Callable
from typing import NoReturn

from explorer.errors import UserError


class Parser(argparse.ArgumentParser):
    """An argument parser that says what is wrong in one line, without the usage text."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}. See --help.\n")


def run(function: Callable[[argparse.Namespace], None], options: argparse.Namespace) -> int:
    """Call `function(options)`; return the exit status: 0, 2 for a mistake of the user's, 130 for Ctrl-C.

    A UserError, or a file that cannot be read or written, is one line on standard error.
    """
    try:
        function(options)
    except (UserError, OSError) as error:
        print(" ".join(str(error).split()), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 130
    return 0
