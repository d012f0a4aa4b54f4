"""The command line, which uses the package's public names only, as any program does."""
