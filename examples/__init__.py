"""Small programs to copy from, each of which the tests run."""
