"""What is wrong with an argument, where only its use shows it."""


class BadArgument(Exception):
    """An argument, or a file that it names, cannot be used.

    The message says which, and why.
    """
