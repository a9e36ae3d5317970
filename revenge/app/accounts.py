"""Who calls, told by the token or the key that was given: the gate's side of the accounts."""

from revenge.app.http.principal import Principal
from revenge.service.auth.api_keys import ApiKeyService
from revenge.service.auth.sessions import SessionService
from revenge.service.auth.tokens import is_token


class Authenticator:
    """Asks sessions and keys."""

    def __init__(self, *, sessions: SessionService, keys: ApiKeyService) -> None:
        self._sessions = sessions
        self._keys = keys

    def is_token(self, text: str) -> bool:
        """Return whether ``text`` claims to be a session's token or an account's key."""
        return is_token(text)

    async def authenticate(self, token: str) -> Principal | None:
        """Return whose ``token`` it is; None for one that is unknown, expired, revoked, or of an account that is banned."""
        identity = await self._sessions.identify(token) or await self._keys.identify(token)
        if identity is None:
            return None
        return Principal(
            account_id=identity.account_id,
            username=identity.username,
            is_admin=identity.is_admin,
            session_id=identity.session_id,
        )
