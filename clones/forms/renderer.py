"""How every form field is drawn."""

from django.forms.renderers import TemplatesSetting


class PortalRenderer(TemplatesSetting):
    """The project's own templates, `components/field.html` for a field with its label, help and mistakes."""

    field_template_name = "components/field.html"
