"""Masked autoencoder with a ViT-Base/16 encoder on HH and HV, 384 px."""

model = dict(
    type='SeaIceMAE',
    data_preprocessor=dict(type='SeaIceDataPreprocessor'),
    backbone=dict(
        type='MaskedViT',
        arch='base',
        img_size=384,
        patch_size=16,
        patch_cfg=dict(in_channels=2),
        drop_path_rate=0.1,
        mask_ratio=0.75,
    ),
    neck=dict(
        type='mmpretrain.MAEPretrainDecoder',
        num_patches=(384 // 16) ** 2,
        patch_size=16,
        in_chans=2,
        embed_dim=768,
        decoder_embed_dim=512,
        decoder_depth=8,
        decoder_num_heads=16,
    ),
    head=dict(
        type='MaskedReconstructionHead',
        norm_pix=True,
        patch_size=16,
        in_channels=2,
    ),
)
