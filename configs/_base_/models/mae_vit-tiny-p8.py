"""Masked autoencoder with a ViT-Tiny/8 encoder on HH and HV, 64 px."""

model = dict(
    type='SeaIceMAE',
    data_preprocessor=dict(type='SeaIceDataPreprocessor'),
    backbone=dict(
        type='MaskedViT',
        arch=dict(
            embed_dims=192,
            num_layers=12,
            num_heads=3,
            feedforward_channels=768,
        ),
        img_size=64,
        patch_size=8,
        patch_cfg=dict(in_channels=2),
        mask_ratio=0.75,
    ),
    neck=dict(
        type='mmpretrain.MAEPretrainDecoder',
        num_patches=(64 // 8) ** 2,
        patch_size=8,
        in_chans=2,
        embed_dim=192,
        decoder_embed_dim=96,
        decoder_depth=2,
        decoder_num_heads=3,
    ),
    head=dict(
        type='MaskedReconstructionHead',
        norm_pix=True,
        patch_size=8,
        in_channels=2,
    ),
)
