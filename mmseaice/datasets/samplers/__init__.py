from .balanced import BalancedSampler
from .draw import Draw, generator_of
from .epoch import EpochSampler

__all__ = ['BalancedSampler', 'Draw', 'EpochSampler', 'generator_of']
