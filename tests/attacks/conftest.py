"""The scenes of whole walks."""

from tests.matrix.fixtures import scene, scenes

__all__ = ["scene", "scenes"]
