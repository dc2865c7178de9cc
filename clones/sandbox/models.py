"""What the stand-in remembers: applications, stores with their catalogs, clones, requests. Times are epoch seconds."""

from django.db import models
from django.db.models import F, Q

from clones.sandbox.contract import OPEN_STATUSES, Scope, Status

OPEN = [status.value for status in OPEN_STATUSES]  # plain text: a migration must not import the enum
FIRST_STORE_ID = 70_000_001  # of those that are created by an API call
FIRST_ID = 100_001  # products and categories both start here, so that they share numbers


class World(models.Model):  # noqa: DJ008
    """The one row of facts that belong to no store: the next IDs, and whether clones stand still."""

    next_product_id = models.BigIntegerField(default=FIRST_ID)
    next_category_id = models.BigIntegerField(default=FIRST_ID)
    next_type_id = models.BigIntegerField(default=FIRST_ID)
    next_store_id = models.BigIntegerField(default=FIRST_STORE_ID)
    clones_paused = models.BooleanField(default=False)

    class Meta:
        app_label = "sandbox"


class App(models.Model):  # noqa: DJ008
    """A partner application. The secret is plain: it opens nothing but this sandbox."""

    client_id = models.CharField(max_length=100, primary_key=True)
    secret = models.CharField(max_length=100)
    scopes = models.JSONField(default=list)

    class Meta:
        app_label = "sandbox"


class Store(models.Model):  # noqa: DJ008
    """A store and what it does on purpose; `specs.StoreSpec` explains each flag. The token opens nothing else."""

    id = models.BigIntegerField(primary_key=True)
    name = models.CharField(max_length=200)
    owner_name = models.CharField(max_length=200, default="")
    owner_email = models.CharField(max_length=200, default="")
    url = models.CharField(max_length=200, default="")
    token = models.CharField(max_length=200, default="")
    scopes = models.JSONField(default=list)
    suspended = models.BooleanField(default=False)
    catalog_updated_at = models.FloatField(default=0)
    settings = models.JSONField(default=dict)
    site = models.JSONField(default=dict)
    zones = models.IntegerField(default=0)
    product_limit = models.IntegerField(null=True)
    category_limit = models.IntegerField(null=True)
    zone_limit = models.IntegerField(null=True)
    refusal = models.CharField(max_length=100, default="")
    refusal_message = models.TextField(default="")
    refusal_times = models.IntegerField(null=True)
    refusal_http_status = models.IntegerField(null=True)
    fails_with = models.TextField(default="")
    stays_in = models.CharField(max_length=20, default="")
    queued_seconds = models.FloatField(null=True)
    clone_seconds = models.FloatField(null=True)
    success_as_text = models.BooleanField(default=False)
    status_words = models.JSONField(default=dict)
    settings_when_full = models.BooleanField(default=False)
    zero_padded_ids = models.BooleanField(default=False)
    numeric_ids = models.BooleanField(default=False)
    mapping_parts = models.JSONField(null=True)
    extra_mapping = models.JSONField(default=dict)
    site_token_seconds = models.FloatField(null=True)
    faults = models.JSONField(default=list)
    sleep = models.FloatField(default=0)

    class Meta:
        app_label = "sandbox"

    def flagged(self, code: str) -> bool:
        """Tell whether this store refuses with `code` on purpose, now."""
        return self.refusal == code and self.refusal_times != 0

    def use_up_refusal(self) -> None:
        """Count one refusal on purpose; a store that refuses for ever (`refusal_times` null) stays as it is."""
        Store.objects.filter(pk=self.pk, refusal_times__gt=0).update(refusal_times=F("refusal_times") - 1)


class CloneTicket(models.Model):  # noqa: DJ008
    """A clone that was accepted: this table is the log of what really happened."""

    ticket = models.CharField(max_length=36, unique=True)
    app = models.ForeignKey(App, on_delete=models.CASCADE)
    source = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    target = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    scope = models.CharField(max_length=20, choices=[(scope.value, scope.name) for scope in Scope])
    demo = models.BooleanField()
    status = models.CharField(max_length=20, choices=[(status.value, status.name) for status in Status])
    error_message = models.TextField(default="")
    accepted_at = models.FloatField()
    moves_at = models.FloatField(null=True)  # null: stays where it is
    finished_at = models.FloatField(null=True)
    mapping = models.TextField(
        default=""
    )  # JSON as answered; "" when the answer has none; last, as it may be a megabyte

    class Meta:
        app_label = "sandbox"
        constraints = [
            # Two simultaneous requests for one target: only one is accepted.
            models.UniqueConstraint(
                fields=["target"], condition=Q(status__in=OPEN), name="sandbox_one_open_clone_per_target"
            )
        ]
        indexes = [
            # What is to be moved on next.
            models.Index(fields=["moves_at"], condition=Q(status__in=OPEN), name="sandbox_clones_to_move")
        ]


class CatalogRow(models.Model):
    """What every part of a catalog has. IDs are given by `stocking.take_ids`, never by the database."""

    id = models.BigIntegerField(primary_key=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    name = models.TextField()
    came_with = models.BigIntegerField(null=True)  # the clone's row; what to remove when copying starts again

    class Meta:
        abstract = True
        app_label = "sandbox"


class Category(CatalogRow):  # noqa: DJ008
    """A category of one store."""

    # Only ever deleted together with its whole store: nothing to cascade, and SQLite deletes them in one statement.
    parent = models.ForeignKey("self", on_delete=models.DO_NOTHING, null=True, related_name="+")
    url = models.TextField()
    enabled = models.BooleanField(default=True)
    is_sample = models.BooleanField(default=False)

    class Meta(CatalogRow.Meta):
        pass


class ProductType(CatalogRow):  # noqa: DJ008
    """A product type of one store; type 0, which every store has, has no row."""

    class Meta(CatalogRow.Meta):
        pass


class Product(CatalogRow):  # noqa: DJ008
    """A product of one store; `type_id` 0 is the default type."""

    sku = models.TextField()
    url = models.TextField()
    enabled = models.BooleanField(default=True)
    is_sample = models.BooleanField(default=False)
    category_ids = models.JSONField(default=list)
    images = models.IntegerField(default=0)
    type_id = models.BigIntegerField(default=0)

    class Meta(CatalogRow.Meta):
        indexes = [
            # One page of a big store's listing, without sorting all that it has.
            models.Index(fields=["store", "id"], name="sandbox_products_in_order")
        ]


class SiteToken(models.Model):  # noqa: DJ008
    """A token of the Instant Site API for one store. It opens nothing else."""

    value = models.CharField(max_length=100, primary_key=True)
    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    expires_at = models.FloatField()

    class Meta:
        app_label = "sandbox"


class RequestLog(models.Model):  # noqa: DJ008
    """One request that came in. Holds no secret: no header, no address, no body."""

    at = models.FloatField()
    call = models.CharField(max_length=40)
    method = models.CharField(max_length=10)
    client_id = models.CharField(max_length=100)
    target = models.CharField(max_length=100)
    ticket = models.CharField(max_length=100)
    http_status = models.IntegerField(null=True)  # null: nothing was answered, on purpose
    error_code = models.CharField(max_length=100)
    fault = models.CharField(max_length=20)
    blocked_seconds = models.FloatField(null=True)  # how long the block had lasted; null outside of one
    delivered = models.BooleanField()

    class Meta:
        app_label = "sandbox"
