"""The dashboard's files: served from the package, cached as their names allow, and nothing loaded from elsewhere."""

import re
from pathlib import Path

import httpx2

from revenge.app.http.static import dashboard_routes


async def test_the_page_is_asked_for_each_time_and_its_files_never_again(http: httpx2.AsyncClient) -> None:
    page = await http.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-cache"
    assets = re.findall(r'(?:src|href)="(/assets/[^"]+)"', page.text)
    assert len(assets) == 2
    for path in assets:
        asset = await http.get(path)
        assert asset.status_code == 200
        assert "immutable" in asset.headers["cache-control"]
        assert asset.headers["content-type"].startswith(("text/javascript", "text/css"))


async def test_a_page_that_has_not_changed_is_304(http: httpx2.AsyncClient) -> None:
    etag = (await http.get("/")).headers["etag"]
    again = await http.get("/", headers={"If-None-Match": etag})
    assert again.status_code == 304
    assert again.content == b""


async def test_the_page_keeps_its_own_security_policy(http: httpx2.AsyncClient) -> None:
    page = await http.get("/")
    assert "unsafe" not in page.headers["content-security-policy"]
    assert not re.search(r"<script(?![^>]*\bsrc=)", page.text)
    assert not re.search(r"<style|\son\w+=|\sstyle=", page.text)


async def test_nothing_is_loaded_from_elsewhere(http: httpx2.AsyncClient) -> None:
    page = (await http.get("/")).text
    texts = [page] + [(await http.get(path)).text for path in re.findall(r'"(/assets/[^"]+)"', page)]
    allowed = {"http://www.w3.org/"}  # names of XML namespaces, which nobody loads
    for text in texts:
        found = set(re.findall(r"https?://[^/\"'`\s)]+/?", text))
        assert found <= allowed


async def test_paths_out_of_the_folder_are_nothing(http: httpx2.AsyncClient) -> None:
    for path in ("/assets/%2e%2e/%2e%2e/__init__.py", "/assets/", "/index.html", "/source/package.json"):
        assert (await http.get(path)).status_code == 404


def test_without_a_bundle_the_page_says_how_to_build_one(tmp_path: Path) -> None:
    routes = dashboard_routes(tmp_path / "nothing")
    assert [getattr(route, "path", None) for route in routes] == ["/"]
