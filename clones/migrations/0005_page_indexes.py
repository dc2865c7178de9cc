"""Indexes that keep the pages and the worker quick with 100,000 clones (docs/decisions/0006-speed-of-pages.md).

What is new comes first: on PostgreSQL, building an index makes writers wait, dropping one makes readers wait too, and both
last until the end of the migration.
"""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Length


class Migration(migrations.Migration):
    dependencies = [
        ("clones", "0004_login_attempts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddIndex(
            model_name="clonejob",
            index=models.Index(
                condition=models.Q(("finished_at", None), ("lease_token", "")),
                fields=["connection", "next_action_at"],
                name="job_due_next",
            ),
        ),
        migrations.AddIndex(
            model_name="clonejob",
            index=models.Index(fields=["status"], name="job_by_status"),
        ),
        migrations.AddIndex(
            model_name="clonejob",
            index=models.Index(fields=["template", "status", "finished_at"], name="job_by_template"),
        ),
        migrations.AddIndex(
            model_name="clonejob",
            index=models.Index(fields=["batch", "status"], name="job_by_batch"),
        ),
        migrations.AddIndex(
            model_name="clonejob",
            index=models.Index(fields=["created_by", "status"], name="job_by_person"),
        ),
        migrations.AddIndex(
            model_name="targetstore",
            index=models.Index(Length("store_id"), models.F("store_id"), name="target_by_number"),
        ),
        migrations.RemoveIndex(model_name="clonejob", name="job_due"),
        migrations.RemoveIndex(model_name="clonejob", name="job_status"),
        migrations.AlterField(
            model_name="clonejob",
            name="batch",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="clones.batch",
            ),
        ),
        migrations.AlterField(
            model_name="clonejob",
            name="created_by",
            field=models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="clonejob",
            name="template",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="jobs",
                to="clones.templatestore",
            ),
        ),
    ]
