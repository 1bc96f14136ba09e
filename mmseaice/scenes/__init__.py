"""Scenes in and out of files. No torch: usable from a notebook alone."""

from .build import BuildReport, build_store
from .checks import check_scene
from .coarse import interpolate_coarse
from .geolocation import Geolocation
from .naming import (
    ProductId,
    parse_delays,
    parse_product_id,
    parse_swaths,
    scene_id_from_original,
)
from .open import open_scene, scene_files
from .patches import (
    Patch,
    PatchOptions,
    PatchSampler,
    export_patches,
    read_patch_table,
)
from .refine import refine_classes, refine_field
from .release import find_release
from .resample import (
    apply_ready_rule,
    resample_chart,
    resample_field,
    resample_scene,
)
from .splits import (
    Leak,
    LeakReport,
    find_leaks,
    fold_groups,
    group_scenes,
    hold_out,
    nested_fractions,
    published_splits,
    read_published_split,
    read_split,
    representative_order,
    write_split,
)
from .standardise import destandardise, standardise
from .store import Crop, SceneStore, StoredScene
from .variables import (
    CHANNELS,
    CHART_SPACING,
    LABEL_THRESHOLDS,
    RELEASES,
    Channel,
)

__all__ = [
    'CHANNELS',
    'CHART_SPACING',
    'LABEL_THRESHOLDS',
    'RELEASES',
    'BuildReport',
    'Channel',
    'Crop',
    'Geolocation',
    'Leak',
    'LeakReport',
    'Patch',
    'PatchOptions',
    'PatchSampler',
    'ProductId',
    'SceneStore',
    'StoredScene',
    'apply_ready_rule',
    'build_store',
    'check_scene',
    'destandardise',
    'export_patches',
    'find_leaks',
    'find_release',
    'fold_groups',
    'group_scenes',
    'hold_out',
    'interpolate_coarse',
    'nested_fractions',
    'open_scene',
    'parse_delays',
    'parse_product_id',
    'parse_swaths',
    'published_splits',
    'read_patch_table',
    'read_published_split',
    'read_split',
    'refine_classes',
    'refine_field',
    'representative_order',
    'resample_chart',
    'resample_field',
    'resample_scene',
    'scene_files',
    'scene_id_from_original',
    'standardise',
    'write_split',
]
