"""What tests of several folders share: the other end of the wire, under the test's control."""
