"""Insights for Backstage: usage analytics for a developer portal.

Example:
    >>> from insights_backend import create_blueprint, load_settings
    >>> app.register_blueprint(create_blueprint(load_settings(os.environ, Path.cwd())))
"""

from insights_backend._version import __version__
from insights_backend.app import create_app, create_blueprint, create_dashboard
from insights_backend.errors import ConfigError, InsightsError
from insights_backend.settings import Settings, load_settings

__all__ = [
    "ConfigError",
    "InsightsError",
    "Settings",
    "__version__",
    "create_app",
    "create_blueprint",
    "create_dashboard",
    "load_settings",
]
