"""Indexes of the audit record by name, user, subject, time and alarm."""

import django.db.models.fields.json
from django.db import migrations, models

import identity.scoping.keyset


class Migration(migrations.Migration):
    dependencies = [
        ("identity", "0002_shared_tables"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="auditevent",
            name="audit_event_subject",
        ),
        migrations.AddField(
            model_name="auditevent",
            name="actor_user",
            field=models.GeneratedField(
                db_persist=True,
                expression=django.db.models.fields.json.KeyTextTransform("user", "actor"),
                output_field=models.CharField(max_length=128),
            ),
        ),
        migrations.AddField(
            model_name="auditevent",
            name="is_alarm",
            field=models.GeneratedField(
                db_persist=True,
                expression=models.Case(
                    models.When(facts__alarm=True, then=models.Value(True)),
                    default=models.Value(False),
                ),
                output_field=models.BooleanField(),
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["scope", "subject_kind", "subject_id", "sequence"],
                name="audit_event_subject",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                models.F("scope"),
                identity.scoping.keyset.ByteOrder(models.F("name")),
                models.F("sequence"),
                name="audit_event_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                fields=["scope", "actor_user", "sequence"], name="audit_event_by_user"
            ),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(fields=["scope", "at", "sequence"], name="audit_event_by_time"),
        ),
        migrations.AddIndex(
            model_name="auditevent",
            index=models.Index(
                condition=models.Q(("is_alarm", True)),
                fields=["scope", "sequence"],
                name="audit_event_alarms",
            ),
        ),
        migrations.AddIndex(
            model_name="scope",
            index=models.Index(
                identity.scoping.keyset.ByteOrder(models.F("slug")),
                models.F("id"),
                name="scope_by_slug",
            ),
        ),
    ]
