"""Cryptography without a framework: bytes and keys in, bytes or a typed refusal out."""
