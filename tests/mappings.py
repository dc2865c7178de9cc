"""Mappings as both sides tell them, in one form: (entity type, old ID) → new ID."""

from clones.models import CloneJob, EntityMapping
from tests.sandbox_process import SandboxProcess

Mapping = dict[tuple[str, str], str]

SINGULAR = {"products": "product", "categories": "category"}  # any other type keeps Ecwid's name


def stored_mapping(job: CloneJob) -> Mapping:
    """Return what the portal has stored."""
    return {(row.entity_type, row.source_id): row.target_id for row in EntityMapping.objects.filter(job=job)}


def logged_mapping(sandbox: SandboxProcess, ticket: str) -> Mapping:
    """Return what the sandbox really did."""
    return {
        (SINGULAR.get(entity_type, entity_type), source): target
        for entity_type, pairs in sandbox.mapping(ticket).items()
        for source, target in pairs.items()
    }
