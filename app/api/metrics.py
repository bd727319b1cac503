"""`GET /metrics`, for a Prometheus server that has the token. Not in the OpenAPI document: no client needs it."""

import hmac

from fastapi import Request
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4
from starlette.responses import Response

from app.api.routing import router
from app.services.errors import UnauthenticatedError
from app.services.metrics import Metrics

routes = router("", "service", include_in_schema=False)


@routes.get("/metrics")
async def show(request: Request) -> Response:
    """What has been measured, by all workers."""
    metrics: Metrics = request.app.state.metrics
    wanted = metrics.token.get_secret_value()
    given = request.headers.get("authorization", "")
    scheme, _, token = given.partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), wanted.encode()):
        raise UnauthenticatedError(sent=bool(given))
    return Response(await metrics.page(), headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})
