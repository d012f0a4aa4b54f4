"""What goes over the wire, as records, with an observer that parses it, and HAR files."""
