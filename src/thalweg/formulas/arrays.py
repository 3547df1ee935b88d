"""The one array type of the signatures."""

from typing import Any

from numpy.typing import NDArray

Array = NDArray[Any]
