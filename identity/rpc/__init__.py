"""JSON-RPC 2.0: what a call and a reply look like. Pure: knows no HTTP and no database."""
