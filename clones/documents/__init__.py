"""The documents under docs/ that the portal shows under Help: which there are, for whom, and how they are drawn."""

from clones.documents.rendering import Page, page_of
from clones.documents.shelves import DOCUMENTS, SHELVES, Document, Shelf

__all__ = ["DOCUMENTS", "SHELVES", "Document", "Page", "Shelf", "page_of"]
