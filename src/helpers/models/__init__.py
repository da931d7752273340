"""Whole models, assembled from parts by the words of a configuration."""

from helpers.models.classifier import Classifier
from helpers.models.config import DecoderConfig
from helpers.models.decoder import Decoder
from helpers.models.presets import PRESETS, preset

__all__ = ["PRESETS", "Classifier", "Decoder", "DecoderConfig", "preset"]
