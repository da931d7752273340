"""Whole models, assembled from parts by the words of a configuration."""

from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder
from helpers.models.presets import PRESETS, preset

__all__ = ["PRESETS", "Decoder", "DecoderConfig", "preset"]
