"""Sentinel-1 products as scenes: SAFE folders and GeoTIFFs of sigma0.

Import the module of the format: they need libraries of the extra ``geo``.
"""
