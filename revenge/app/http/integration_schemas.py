"""Types at the edge: Radarr and Sonarr. Names are those of the Go server where it has such a document."""

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, Field

from revenge.app.http.schemas import Cursor, PageQuery, Strict, whole


class WebhooksQuery(PageQuery):
    """Which events, newest first."""

    cursor: Cursor | None = Field(default=None, description="`next_cursor` of the page before.")


class NewSync(Strict):
    """What is to be synced: everything, or one title."""

    id: Annotated[int, Field(strict=True, ge=1, le=2**53), BeforeValidator(whole)] | None = Field(
        default=None, description="The program's own id of a film or a series; without it all are synced."
    )


class SyncStatusOut(BaseModel):
    """How the full sync goes, or how the last one went; films, or series."""

    isRunning: bool  # noqa: N815 - the Go server's name, as those below
    startedAt: str | None  # noqa: N815
    lastSync: str | None = Field(description="When the last complete one ended.")  # noqa: N815
    lastSyncError: str | None  # noqa: N815
    jobId: int | None  # noqa: N815
    moviesAdded: int | None = None  # noqa: N815
    moviesUpdated: int | None = None  # noqa: N815
    moviesRemoved: int | None = None  # noqa: N815
    totalMovies: int | None = None  # noqa: N815
    seriesAdded: int | None = None  # noqa: N815
    seriesUpdated: int | None = None  # noqa: N815
    seriesRemoved: int | None = None  # noqa: N815
    totalSeries: int | None = None  # noqa: N815
    unchanged: int
    failed: int


class IntegrationStatusOut(BaseModel):
    """Whether the program answers now, and how its sync goes."""

    connected: bool
    error: str | None = Field(description="Why it is not connected.")
    version: str | None
    instanceName: str | None  # noqa: N815
    startTime: str | None  # noqa: N815
    takesWebhooks: bool = Field(description="Whether a webhook secret is set.")  # noqa: N815
    syncStatus: SyncStatusOut  # noqa: N815


class SyncQueuedOut(BaseModel):
    """The job of a sync."""

    message: str
    status: str = Field(description="`queued`, or `running` where the same is done already.")
    job_id: int
    duplicate: bool = Field(description="Whether a job for the same was there already.")


class QualityProfileOut(BaseModel):
    """What the program is content with."""

    id: int
    name: str
    upgradeAllowed: bool  # noqa: N815
    cutoff: int
    minFormatScore: int  # noqa: N815


class QualityProfilesOut(BaseModel):
    """All of them."""

    profiles: list[QualityProfileOut]


class RootFolderOut(BaseModel):
    """Where the program puts titles."""

    id: int
    path: str
    accessible: bool
    freeSpace: int | None  # noqa: N815


class RootFoldersOut(BaseModel):
    """All of them."""

    folders: list[RootFolderOut]


class WebhookEventOut(BaseModel):
    """A webhook that came, and what became of it."""

    id: str
    event_type: str
    subject: str
    received_at: str
    seen: int = Field(description="How often it came while it was the same.")
    job_id: int | None
    handled_at: str | None
    outcome: str | None


class WebhookListOut(BaseModel):
    """A page of them."""

    events: list[WebhookEventOut]
    next_cursor: str | None


class WebhookTakenOut(BaseModel):
    """What became of a webhook."""

    event_id: str
    job_id: int | None
    duplicate: bool


WEBHOOK_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["eventType"],
                    "properties": {"eventType": {"type": "string", "minLength": 1, "maxLength": 100}},
                    "description": "What Radarr or Sonarr sends; see their own pages on webhooks.",
                }
            }
        },
    },
    "parameters": [
        {
            "name": "X-Webhook-Secret",
            "in": "header",
            "required": False,
            "schema": {"type": "string"},
            "description": "The secret of the settings; it may be the password of basic authentication instead.",
        }
    ],
}
"""The body is read by hand: whoever does not know the secret has nothing parsed."""
