"""Products of charted scenes, one module for each kind.

Import the module of the product: most need libraries of the extra ``geo``.
"""
