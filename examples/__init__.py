"""Small programs to copy from. Each is run by the tests."""
