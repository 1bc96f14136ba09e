"""Scores: plain formulas in ``functional``, mmengine wrappers in ``metrics``.

This file imports neither, so that the formulas work without torch.
"""
