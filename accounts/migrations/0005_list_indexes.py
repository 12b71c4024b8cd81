"""Indexes by which windows of people and what they hold are read."""

from django.db import migrations, models

import identity.scoping.keyset


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_device_registered_by_session"),
        ("identity", "0004_list_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="device",
            index=models.Index(
                fields=["scope", "status", "registered_at", "id"], name="device_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="group",
            index=models.Index(fields=["scope", "created_at", "id"], name="group_list"),
        ),
        migrations.AddIndex(
            model_name="role",
            index=models.Index(fields=["scope", "created_at", "id"], name="role_list"),
        ),
        migrations.AddIndex(
            model_name="roleassignment",
            index=models.Index(fields=["scope", "role"], name="role_assignment_role"),
        ),
        migrations.AddIndex(
            model_name="rule",
            index=models.Index(fields=["scope", "created_at", "id"], name="rule_list"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                fields=["scope", "status", "created_at", "id"], name="user_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(fields=["scope", "kind", "created_at", "id"], name="user_by_kind"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                models.F("scope"),
                identity.scoping.keyset.ByteOrder(models.F("username_folded")),
                models.F("id"),
                name="user_by_name",
            ),
        ),
        migrations.AddIndex(
            model_name="user",
            index=models.Index(
                models.F("scope"),
                identity.scoping.keyset.ByteOrder(models.F("email")),
                models.F("id"),
                name="user_by_email",
            ),
        ),
    ]
