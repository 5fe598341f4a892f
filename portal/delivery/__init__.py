"""What leaves the portal: plain values in, bytes out. Nothing here reads a table."""
