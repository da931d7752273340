"""When models were released, how large they are, and how much they read: the axes on which a history can be told.

Sizes are counted from the presets. `tokens` is what the authors say they trained on, in tokens, all passes together,
or None where they do not say. Dates are those of the first public announcement.

Source: Radford et al. 2018 and 2019; Devlin et al. 2018, arXiv:1810.04805, appendix A.2 (10^6 steps of 128,000 tokens);
Raffel et al. 2019, arXiv:1910.10683, section 3.7 (10^6 steps of 2^11 texts of 512 tokens); Brown et al. 2020,
arXiv:2005.14165, table 2.1; BigScience 2022, arXiv:2211.05100; Touvron et al. 2023, arXiv:2302.13971 and
arXiv:2307.09288; Grattafiori et al. 2024, arXiv:2407.21783; the model cards of LLaMA 1 to Llama 4.
"""

from dataclasses import dataclass
from datetime import date

import torch

from helpers.models.encoder import EncoderConfig
from helpers.models.encoder_decoder import EncoderDecoderConfig
from helpers.models.presets import build, preset


@dataclass(frozen=True)
class Release:
    """A published model: its preset, its name, the day it was announced, the tokens it read, the entry that says so."""

    preset: str
    name: str
    date: date
    tokens: float | None
    source: str

    @property
    def kind(self) -> str:
        """Which half of the Transformer it keeps: "encoder", "decoder" or "encoder-decoder"."""
        config = preset(self.preset)
        if isinstance(config, EncoderDecoderConfig):
            return "encoder-decoder"
        return "encoder" if isinstance(config, EncoderConfig) else "decoder"

    @property
    def n_parameters(self) -> int:
        """All its parameters, counted on the meta device."""
        with torch.device("meta"):
            return build(preset(self.preset)).n_parameters


RELEASES = (
    Release("transformer-big", "Transformer big", date(2017, 6, 12), None, "vaswani2017attention"),
    Release("gpt1", "GPT-1", date(2018, 6, 11), None, "radford2018gpt"),
    Release("bert-base", "BERT base", date(2018, 10, 11), 128e9, "devlin2019bert"),
    Release("bert-large", "BERT large", date(2018, 10, 11), 128e9, "devlin2019bert"),
    Release("gpt2", "GPT-2 small", date(2019, 2, 14), None, "radford2019gpt2"),
    Release("gpt2-xl", "GPT-2 XL", date(2019, 2, 14), None, "radford2019gpt2"),
    Release("t5-small", "T5 small", date(2019, 10, 23), 2**20 * 1e6, "raffel2020t5"),
    Release("t5-11b", "T5 11B", date(2019, 10, 23), 2**20 * 1e6, "raffel2020t5"),
    Release("gpt3-small", "GPT-3 small", date(2020, 5, 28), 300e9, "brown2020gpt3"),
    Release("gpt3-175b", "GPT-3 175B", date(2020, 5, 28), 300e9, "brown2020gpt3"),
    Release("bloom-176b", "BLOOM 176B", date(2022, 7, 12), 366e9, "bigscience2022bloom"),
    Release("llama-1-7b", "LLaMA 1 7B", date(2023, 2, 24), 1.0e12, "touvron2023llama"),
    Release("llama-1-65b", "LLaMA 1 65B", date(2023, 2, 24), 1.4e12, "touvron2023llama"),
    Release("llama-2-7b", "Llama 2 7B", date(2023, 7, 18), 2e12, "touvron2023llama2"),
    Release("llama-2-70b", "Llama 2 70B", date(2023, 7, 18), 2e12, "touvron2023llama2"),
    Release("llama-3-8b", "Llama 3 8B", date(2024, 4, 18), 15e12, "grattafiori2024llama3"),
    Release("llama-3-70b", "Llama 3 70B", date(2024, 4, 18), 15e12, "grattafiori2024llama3"),
    Release("llama-3.1-405b", "Llama 3.1 405B", date(2024, 7, 23), 15.6e12, "grattafiori2024llama3"),
    Release("llama-3.2-1b", "Llama 3.2 1B", date(2024, 9, 25), 9e12, "meta2024llama32card"),
    Release("llama-4-scout", "Llama 4 Scout", date(2025, 4, 5), 40e12, "meta2025llama4card"),
    Release("llama-4-maverick", "Llama 4 Maverick", date(2025, 4, 5), 22e12, "meta2025llama4card"),
)
