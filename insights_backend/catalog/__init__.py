"""The software catalog: asked over HTTP or read from descriptor files, and remembered in between."""
