"""Registries of mmseaice, children of mmengine's under scope ``mmseaice``.

Importing this module also checks the versions of the OpenMMLab libraries,
because every learning room imports it first. Nothing heavy may be imported
here: mmengine turns an ImportError raised in this file into a warning.
"""

from __future__ import annotations

from mmengine import registry as root

from .utils.dependencies import check_learning_dependencies

check_learning_dependencies()


def _child(parent: root.Registry, name: str, *rooms: str) -> root.Registry:
    """A child registry that finds its members in our rooms."""
    locations = [f'mmseaice.{room}' for room in rooms]
    return root.Registry(
        name, parent=parent, scope='mmseaice', locations=locations
    )


# Data: data sets, the steps of their pipelines, samplers and collation.
DATASETS = _child(root.DATASETS, 'dataset', 'datasets')
TRANSFORMS = _child(root.TRANSFORMS, 'transform', 'datasets.transforms')
DATA_SAMPLERS = _child(root.DATA_SAMPLERS, 'data sampler', 'datasets.samplers')
FUNCTIONS = _child(root.FUNCTIONS, 'function', 'datasets')

# Models: whole models and their parts, wrappers and initialisation.
MODELS = _child(root.MODELS, 'model', 'models')
MODEL_WRAPPERS = _child(root.MODEL_WRAPPERS, 'model wrapper', 'models')
WEIGHT_INITIALIZERS = _child(
    root.WEIGHT_INITIALIZERS, 'weight initializer', 'models'
)
TASK_UTILS = _child(root.TASK_UTILS, 'task util', 'models')

# Optimisation: optimisers, their wrappers and constructors, schedules.
OPTIMIZERS = _child(root.OPTIMIZERS, 'optimizer', 'engine')
OPTIM_WRAPPERS = _child(root.OPTIM_WRAPPERS, 'optim wrapper', 'engine')
OPTIM_WRAPPER_CONSTRUCTORS = _child(
    root.OPTIM_WRAPPER_CONSTRUCTORS, 'optim wrapper constructor', 'engine'
)
PARAM_SCHEDULERS = _child(
    root.PARAM_SCHEDULERS, 'parameter scheduler', 'engine'
)

# Engine: what drives a run.
RUNNERS = _child(root.RUNNERS, 'runner', 'engine')
RUNNER_CONSTRUCTORS = _child(
    root.RUNNER_CONSTRUCTORS, 'runner constructor', 'engine'
)
LOOPS = _child(root.LOOPS, 'loop', 'engine')
HOOKS = _child(root.HOOKS, 'hook', 'engine.hooks')
STRATEGIES = _child(root.STRATEGIES, 'strategy', 'engine')
LOG_PROCESSORS = _child(root.LOG_PROCESSORS, 'log processor', 'engine')

# Judging and looking.
METRICS = _child(root.METRICS, 'metric', 'evaluation.metrics')
EVALUATOR = _child(root.EVALUATOR, 'evaluator', 'evaluation.metrics')
VISUALIZERS = _child(root.VISUALIZERS, 'visualizer', 'visualization')
VISBACKENDS = _child(root.VISBACKENDS, 'vis_backend', 'engine')
INFERENCERS = _child(root.INFERENCERS, 'inferencer', 'apis')
