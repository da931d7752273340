"""Finding the passage that answers a question: by words, by meaning, by both; and answering from what was found."""

from helpers.retrieval.bm25 import bm25, inverse_document_frequency, words
from helpers.retrieval.book import Passage, book_passages, book_questions, references
from helpers.retrieval.database import connect
from helpers.retrieval.full_text import FullTextIndex, Hit
from helpers.retrieval.fusion import reciprocal_rank_fusion
from helpers.retrieval.latent_semantics import LatentSemantics
from helpers.retrieval.open_book import Answer, open_book
from helpers.retrieval.recall import recall_at_k
from helpers.retrieval.vectors import VectorIndex

__all__ = [
    "Answer",
    "FullTextIndex",
    "Hit",
    "LatentSemantics",
    "Passage",
    "VectorIndex",
    "bm25",
    "book_passages",
    "book_questions",
    "connect",
    "inverse_document_frequency",
    "open_book",
    "recall_at_k",
    "reciprocal_rank_fusion",
    "references",
    "words",
]
