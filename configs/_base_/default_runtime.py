"""What every run shares: hooks, logs, seeds and how it is launched."""

default_scope = 'mmseaice'

default_hooks = dict(
    runtime_info=dict(type='LazyRuntimeInfoHook'),
    timer=dict(type='IterTimerHook'),
    throughput=dict(type='ThroughputHook'),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    checkpoint=dict(
        type='PlainCheckpointHook',
        by_epoch=False,
        interval=1000,
        max_keep_ckpts=2,
    ),
    draw=dict(type='DeterministicDrawHook'),
    finite_loss=dict(type='FiniteLossHook'),
    preemption=dict(
        type='PreemptionHook', margin=float('{{$MMSEAICE_MARGIN:120}}')
    ),
    overdue_validation=dict(type='OverdueValidationHook'),
    parity=dict(type='ParityHook'),
    leak=dict(type='LeakHook'),
    figures=dict(type='ValidationFigureHook'),
    # Every rank validates with the same statistics of its BatchNorms.
    buffers=dict(type='mmengine.SyncBuffersHook'),
)

env_cfg = dict(
    # Benchmarking may pick other kernels after a resume.
    cudnn_benchmark=False,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    dist_cfg=dict(backend='nccl'),
)

# Exact resume needs a seed that is known before the first batch is drawn.
randomness = dict(seed=0)

visualizer = dict(
    type='Visualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
        dict(type='TensorboardVisBackend'),
    ],
)

log_level = 'INFO'
log_processor = dict(by_epoch=False)
load_from = None
resume = False
