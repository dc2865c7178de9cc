"""Batches that are being thrown away."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("clones", "0009_creation_trying_since")]

    operations = [
        migrations.AddField("batch", "thrown_away_since", models.DateTimeField(editable=False, null=True)),
        migrations.AddIndex(
            "batch",
            models.Index(
                name="batch_thrown_away", fields=["thrown_away_since"], condition=Q(thrown_away_since__isnull=False)
            ),
        ),
    ]
