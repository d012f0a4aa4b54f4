"""The command line: a program like any user's, by public names alone. Nobody imports it."""
