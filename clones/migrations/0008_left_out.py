"""Rows that a launch leaves out, and drafts of several files."""

from typing import Any

import django.db.models.deletion
from django.db import migrations, models


def list_the_file(apps: Any, schema_editor: Any) -> None:
    """Make a list of what was one file, or none."""
    drafts = apps.get_model("clones", "Draft").objects.using(schema_editor.connection.alias)
    for draft in drafts.iterator():
        draft.sources = [draft.sources] if draft.sources else []
        draft.save(update_fields=["sources"])


def keep_the_last_file(apps: Any, schema_editor: Any) -> None:
    """Go back."""
    drafts = apps.get_model("clones", "Draft").objects.using(schema_editor.connection.alias)
    for draft in drafts.iterator():
        draft.sources = draft.sources[-1] if draft.sources else {}
        draft.save(update_fields=["sources"])


class Migration(migrations.Migration):
    dependencies = [("clones", "0007_many_stores")]

    operations = [
        migrations.AddField("batch", "left_out", models.JSONField(default=dict, editable=False)),
        migrations.AddField(
            "draft",
            "left_out_of",
            models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="left_out_draft",
                to="clones.batch",
            ),
        ),
        migrations.AddField("drafttarget", "file", models.TextField(blank=True)),
        migrations.RenameField("draft", "source", "sources"),
        migrations.AlterField("draft", "sources", models.JSONField(default=list)),
        migrations.RunPython(list_the_file, keep_the_last_file),
    ]
