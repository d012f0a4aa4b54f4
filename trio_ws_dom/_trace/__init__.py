"""What goes over the wire, as records: an observer that parses it, and HAR files."""
