"""Old ID → new ID."""

from django.db import models

from clones.models.job import CloneJob


class EntityMapping(models.Model):
    """One copied thing. IDs are texts as Ecwid wrote them: "09876" keeps its zero."""

    job = models.ForeignKey(CloneJob, on_delete=models.CASCADE, related_name="mappings")
    entity_type = models.CharField(max_length=255, help_text="product, category, or Ecwid's own name for it.")
    source_id = models.CharField(max_length=255)
    target_id = models.CharField(max_length=255)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(fields=["job", "entity_type", "source_id"], name="mapping_source_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entity_type} {self.source_id} → {self.target_id}"
