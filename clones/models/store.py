"""The two sides of a clone: template stores and target stores."""

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Length

from clones.models.connection import Connection
from clones.secrets import SecretField


class TemplateStore(models.Model):
    """A store that is copied from. The counts are what the last clone of its catalog copied; None: there was none.

    The `tested_` columns are what the store itself said when it was last asked (empty: never; None: it did not say).
    """

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="templates")
    store_id = models.CharField(max_length=20)
    name = models.CharField(max_length=200)
    token = SecretField()
    product_count = models.PositiveIntegerField(null=True, editable=False)
    category_count = models.PositiveIntegerField(null=True, editable=False)
    tested_at = models.DateTimeField(null=True, editable=False)
    tested_name = models.CharField(max_length=255, blank=True, editable=False)
    tested_url = models.CharField(max_length=300, blank=True, editable=False)
    tested_product_count = models.PositiveIntegerField(null=True, editable=False)
    tested_category_count = models.PositiveIntegerField(null=True, editable=False)
    tested_product_limit = models.PositiveIntegerField(null=True, editable=False, help_text="Of the store's plan.")
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = [models.UniqueConstraint(fields=["connection", "store_id"], name="template_store_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.store_id})"

    @property
    def is_known_empty(self) -> bool:
        """Tell whether there is nothing in it that would make a target "not empty".

        Its clones show that, and before the first one its test.
        """
        if self.product_count is None and self.category_count is None:
            return self.tested_product_count == 0 and self.tested_category_count == 0
        return self.product_count == 0 and self.category_count == 0

    @property
    def known_product_count(self) -> int | None:
        """How many products it has: in its last clone, else as it said when it was tested; None: nobody knows."""
        return self.tested_product_count if self.product_count is None else self.product_count


class TargetStore(models.Model):
    """A customer's store that is copied into. `store_id` is empty while the store, for `email`, is to be created."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="targets")
    store_id = models.CharField(max_length=20, blank=True)
    email = models.CharField(max_length=254, blank=True)
    label = models.CharField(max_length=200, blank=True)
    token = SecretField()
    archived_at = models.DateTimeField(null=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ("pk",)
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "store_id"], condition=~Q(store_id=""), name="target_store_once"
            ),
            # A store that is to be created, asked for twice, is one store.
            models.UniqueConstraint(
                fields=["connection", "email"], condition=Q(store_id="") & ~Q(email=""), name="target_to_create_once"
            ),
        ]
        indexes = [
            # Lists sorted by store ID as by a number.
            models.Index(Length("store_id"), F("store_id"), name="target_by_number"),
        ]

    def __str__(self) -> str:
        named = self.store_id or self.email
        return f"{self.label} ({named})" if self.label else named
