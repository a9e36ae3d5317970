"""What the doctor says of Radarr and Sonarr: whether they answer, and whether what they see is what we see."""

from collections.abc import Mapping, Sequence

from revenge.app.arr.parts import ArrParts
from revenge.app.doctor_findings import Finding
from revenge.infra.http.errors import CallFailed, Refused
from revenge.integration.arr.facts import Source


async def arr_findings(used: Mapping[Source, ArrParts], libraries: Sequence[Sequence[bytes]]) -> list[Finding]:
    """Return a finding for each program; ``libraries`` are the folders of each library. Never raises for what it finds."""
    return [
        await _look(used[source], [folder for folders in libraries for folder in folders])
        if source in used
        else Finding(name=source.value, ok=True, detail=f"off: integrations.{source.value}.enabled is false")
        for source in Source
    ]


async def _look(parts: ArrParts, folders: Sequence[bytes]) -> Finding:
    name = parts.source.value
    try:
        status = await parts.client.status()
        theirs = await parts.client.root_folders()
    except Refused as error:
        advice = f"set integrations.{name}.api_key to the key that it shows under Settings, General"
        return Finding(name=name, ok=False, detail=str(error), advice=advice)
    except CallFailed as error:
        advice = f"see that it runs, and that integrations.{name}.base_url is where it is"
        return Finding(name=name, ok=False, detail=str(error), advice=advice)
    lost = [folder.path for folder in theirs if not _is_ours(parts.paths.ours(folder.path), folders)]
    if lost:
        advice = f"add a library of it, or say in integrations.{name}.path_mappings where it is here"
        detail = f"version {status.version}; no library has {', '.join(lost)}"
        return Finding(name=name, ok=False, detail=detail, advice=advice)
    hooks = "takes webhooks" if parts.webhook_secret else f"no webhooks: integrations.{name}.webhook_secret is not set"
    return Finding(name=name, ok=True, detail=f"version {status.version} answers; {hooks}")


def _is_ours(path: bytes | None, folders: Sequence[bytes]) -> bool:
    """Return whether a folder of theirs is in a library, or holds one."""
    return path is not None and any(
        (path + b"/").startswith(folder + b"/") or (folder + b"/").startswith(path + b"/") for folder in folders
    )
