"""report.html of a sweep."""

from collections.abc import Sequence
from pathlib import Path

from thalweg.descent.spec import Spec
from thalweg.evidence.sweep import Sweep
from thalweg.interfaces.report.run_page import header_section, write_page
from thalweg.interfaces.report.trial_sections import rate_blocks


def write_sweep_page(found: Sequence[Sweep], base: Spec, folder: Path, command: str) -> Path:
    """Write folder/report.html."""
    blocks = rate_blocks(found, base.stop.steps, len(found[0].rates[0].runs))
    run = (found[0].chosen or found[0].rates[0]).runs[0]
    sections = [("Learning-rate sweep", "sweep", blocks), header_section(run)]
    return write_page(folder, f"Sweep: {folder.name}", sections, command)
