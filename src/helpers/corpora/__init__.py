"""Texts to learn from: tales, whose every probability is known, and real text."""
