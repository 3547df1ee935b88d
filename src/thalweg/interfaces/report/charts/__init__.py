"""Charts as inline SVG: a small package of marks, the only charting code of the project.

Scale (scale.py, ticks.py) takes numbers to fractions, Plot (plot.py) draws the box and its axes, marks (marks.py,
events.py) are put inside, figure (figure.py) adds title, legend, note and the table of numbers. Each kind of
chart is one function in one file. Everything goes through drawable.py, so no input can raise or warn, and
through markup.py, so no text of a user can become markup.
"""

from thalweg.interfaces.report.charts.bars import Bar, bars
from thalweg.interfaces.report.charts.calibration import calibration
from thalweg.interfaces.report.charts.confusion import confusion
from thalweg.interfaces.report.charts.contours import contours
from thalweg.interfaces.report.charts.curve import curve
from thalweg.interfaces.report.charts.events import Event
from thalweg.interfaces.report.charts.figure import Figure
from thalweg.interfaces.report.charts.histogram import histogram
from thalweg.interfaces.report.charts.lines import lines
from thalweg.interfaces.report.charts.residuals import residuals
from thalweg.interfaces.report.charts.series import Series
from thalweg.interfaces.report.charts.sweep import Rates, sweep
from thalweg.interfaces.report.charts.walks import Walk

__all__ = [
    "Bar",
    "Event",
    "Figure",
    "Rates",
    "Series",
    "Walk",
    "bars",
    "calibration",
    "confusion",
    "contours",
    "curve",
    "histogram",
    "lines",
    "residuals",
    "sweep",
]
