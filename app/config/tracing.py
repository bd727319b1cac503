"""Traces to an OpenTelemetry collector: what sends them, where one is named and the extra `telemetry` is installed."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

from app import __version__
from app.config.settings import Settings, SettingsError

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_QUERY: Final = "url.query"


def require_tracing(settings: Settings) -> None:
    """Raise SettingsError where traces are wanted and cannot be sent."""
    if settings.traces_endpoint is None:
        return
    try:
        for name in ("opentelemetry.sdk.trace", "opentelemetry.exporter.otlp.proto.http.trace_exporter"):
            import_module(name)
    except ImportError:
        raise SettingsError(
            "OTEL_EXPORTER_OTLP_ENDPOINT: traces need the extra `telemetry`: pip install 'todo-backend[telemetry]'"
        ) from None


def start_tracing(settings: Settings) -> "TracerProvider | None":
    """What FastAPI hands its spans to; None where no collector is named. Raises SettingsError.

    How often, how many and with which headers is up to the other OTEL_ variables, which the SDK itself reads.
    """
    endpoint = settings.traces_endpoint
    if endpoint is None:
        return None
    require_tracing(settings)
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource
    from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    class Discreet(SpanProcessor):
        """A query may say what somebody searches for, or carry what belongs in a header."""

        def on_start(self, span: Span, parent_context: object = None) -> None:  # noqa: ARG002 (the SDK's signature)
            if _QUERY in (span.attributes or {}):
                span.set_attribute(_QUERY, "[hidden]")

    named = Resource.create({"service.name": "todo", "service.version": __version__})
    provider = TracerProvider(resource=named.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    provider.add_span_processor(Discreet())
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider
