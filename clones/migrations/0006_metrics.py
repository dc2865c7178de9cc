"""Counters for the monitor, and when a clone was last seen running."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("clones", "0005_page_indexes"),
    ]

    operations = [
        migrations.AddField(
            model_name="clonejob",
            name="looked_at",
            field=models.DateTimeField(help_text="The latest look that found it running.", null=True),
        ),
        migrations.CreateModel(
            name="Counter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=20)),
                ("call", models.CharField(max_length=20)),
                ("part", models.CharField(max_length=20)),
                ("value", models.FloatField()),
                (
                    "connection",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="clones.connection",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("connection", "name", "call", "part"), name="counter_once")
                ],
            },
        ),
    ]
