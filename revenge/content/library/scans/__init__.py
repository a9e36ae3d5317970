"""Scanning libraries."""

from revenge.content.library.scans.checkpoint import PHASES, Phase
from revenge.content.library.scans.claims import ScanRequest
from revenge.content.library.scans.config import ScanConfig
from revenge.content.library.scans.progress import Report, ScanProgress
from revenge.content.library.scans.service import ScanPaused, ScanService

__all__ = ["PHASES", "Phase", "Report", "ScanConfig", "ScanPaused", "ScanProgress", "ScanRequest", "ScanService"]
