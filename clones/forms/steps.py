"""What a person types where a step of a clone waits for one. Whether it makes sense is for the operations to say."""

from clones.forms.base import PortalForm
from clones.forms.stores import store_id_field, token_field


class StoreForm(PortalForm):
    """The store that was to be created."""

    store_id = store_id_field()
    access_token = token_field("Optional, but an Instant Site needs it. It is never shown again.")


class SiteForm(PortalForm):
    """The token that an Instant Site is cloned with."""

    access_token = token_field("Leave this empty to keep the token that is set. It is never shown again.")
