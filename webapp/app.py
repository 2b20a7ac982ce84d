"""The web application: the only place that knows every part."""

from flask import Flask
from flask_admin import Admin
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from webapp import api
from webapp.admin.account.link_views import links
from webapp.admin.ui import formatting, gettext_cache, languages, layout
from webapp.admin.ui.lists import cells, saved_view_links
from webapp.admin.ui.menu import screens
from webapp.admin.ui.unindented import Unindented
from webapp.api.framework.binding import IdConverter
from webapp.api.probes.request_figures import register_request_figures
from webapp.project_folders import STATIC, TEMPLATES
from webapp.runtime import Runtime
from webapp.security import (
    access,
    access_control,
    clock_correction,
    compression,
    conditional_polls,
    cookies,
    errors,
    headers,
    schema_gate,
)
from webapp.security.caller_address import with_known_address
from webapp.security.provider_views import provider_views
from webapp.security.views import views as sign_in_views
from webapp.static_files import register_static_files


def create_app(runtime: Runtime) -> Flask:
    """The desk's pages and its API over this runtime. Nothing connects before the first request."""
    app = Flask("webapp", template_folder=str(TEMPLATES), static_folder=str(STATIC))
    app.url_map.strict_slashes = False
    app.url_map.converters["int"] = IdConverter
    app.extensions["desk"] = runtime
    register_request_figures(app, runtime)
    cookies.configure(app, runtime.settings)
    cookies.register_login_manager(app, runtime)
    _trust_proxies(app, runtime.settings.trusted_proxies)
    _init_i18n(app)
    schema_gate.register_schema_gate(app, runtime)
    clock_correction.register_clock_correction(app, runtime)
    compression.register_compression(app)
    conditional_polls.register_conditional_polls(app)
    register_static_files(app)
    headers.register_headers(app)
    access_control.register_access_control(app)
    errors.register_error_handlers(app)
    app.register_blueprint(sign_in_views)
    app.register_blueprint(provider_views)
    app.register_blueprint(links)
    app.add_url_rule("/livez", "livez", _livez)
    _register_views(app)
    api.register(app, runtime)
    return app


def _init_i18n(app: Flask) -> None:
    """Words, formats and languages."""
    languages.register_languages(app)
    gettext_cache.register_gettext(app)
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.add_extension(Unindented)
    formatting.register_filters(app)
    cells.register_cells(app)
    saved_view_links.register_saved_views(app)
    layout.register_context(app)


def _register_views(app: Flask) -> None:
    """Every screen there is; the first is the Overview."""
    first, *others = [screen() for screen in screens()]
    admin = Admin(app, name="Escrow Desk", url="/", index_view=first, static_url_path="/static")
    admin.add_views(*others)


def _trust_proxies(app: Flask, count: int) -> None:
    if count:
        known = with_known_address(app.wsgi_app)
        app.wsgi_app = ProxyFix(known, x_for=count, x_proto=count, x_host=count)  # type: ignore[method-assign]


@access.public
def _livez() -> str:
    """The process answers; nothing else is asked."""
    return "ok\n"
