"""The face `passport`: JSON-RPC under a key that the client makes, for accounts that sign."""
