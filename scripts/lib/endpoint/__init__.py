"""Completions from a server with OpenAI's chat interface: asked for once, and kept for good."""
