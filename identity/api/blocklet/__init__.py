"""The face `blocklet`: sign-in and profiles for clients of the Blocklet authentication service."""
