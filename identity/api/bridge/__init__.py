"""The face of a bridge between application servers and circles of users: JSON-RPC at `/api`."""
