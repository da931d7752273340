"""Whole models, assembled from parts by the words of a configuration."""

from helpers.models.classifier import Classifier
from helpers.models.config import DecoderConfig, ExpertsConfig, LatentConfig
from helpers.models.decoder import Decoder
from helpers.models.encoder import Encoder, EncoderConfig, MaskedLanguageModel
from helpers.models.encoder_decoder import EncoderDecoder, EncoderDecoderConfig
from helpers.models.mlp_language_model import MLPLanguageModel
from helpers.models.presets import PRESETS, build, preset
from helpers.models.recurrent import RecurrentConfig, RecurrentDecoder
from helpers.models.recurrent_encoder_decoder import RecurrentEncoderDecoder
from helpers.models.scalar_head import ScalarHead

__all__ = [
    "PRESETS",
    "Classifier",
    "Decoder",
    "DecoderConfig",
    "Encoder",
    "EncoderConfig",
    "EncoderDecoder",
    "EncoderDecoderConfig",
    "ExpertsConfig",
    "LatentConfig",
    "MLPLanguageModel",
    "MaskedLanguageModel",
    "RecurrentConfig",
    "RecurrentDecoder",
    "RecurrentEncoderDecoder",
    "ScalarHead",
    "build",
    "preset",
]
