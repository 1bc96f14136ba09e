"""Fetch the published AI4Arctic scenes, resumable and checked."""

from .campaign import download_raw, download_ready, verify_folder

__all__ = ['download_raw', 'download_ready', 'verify_folder']
