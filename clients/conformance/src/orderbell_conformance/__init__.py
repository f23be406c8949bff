"""Tests a client against a hostile server, and reports which rules of docs/protocol.md it breaks."""
