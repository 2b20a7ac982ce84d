"""How the addresses that an outside scheduler calls are described: their shapes, and that their GET has an effect."""

from typing import Annotated, Any

from pydantic import BaseModel, Field
from pydantic.json_schema import JsonSchemaMode

from webapp.api.framework import responses
from webapp.api.framework.schemas import Instant, ResponseModel
from webapp.domain.scheduling.cron_addresses import CRON_ADDRESSES


class JobResults(ResponseModel):
    """What a run did."""

    processed: Annotated[int, Field(description="How many items it went through, those that failed among them.")]
    errors: Annotated[list[str], Field(description="Each item that failed, and why.")]


class JobCompleted(ResponseModel):
    """The answer once the run has ended."""

    message: Annotated[str, Field(examples=["Job completed"])]
    results: JobResults
    timestamp: Instant


class JobRunning(ResponseModel):
    """The answer when the run takes longer than the caller is kept waiting."""

    message: Annotated[str, Field(examples=["Job running"])]
    run: Annotated[str, Field(description="Where the run is found.", examples=["/api/v1/runs/12"])]
    timestamp: Instant


SCHEMES = {"cron": {"type": "http", "scheme": "bearer", "description": "CRON_SECRET_TOKEN, and no other token."}}
_DESCRIPTION = (
    "Claims the latest slot of `{job}` and waits up to 25 seconds for its run. Called again in the slot's time, or "
    "twice at once, it gives the same run's results. By GET it has the same effect as by POST; a session never counts."
)
_REFUSED = {
    401: "The token is missing or wrong.",
    409: "The job is paused; `detail` says by whom and why.",
    500: "The run broke down; `detail` says why. The next call makes another.",
    503: "No CRON_SECRET_TOKEN is set, or the database is not there just now.",
}


def shapes() -> set[tuple[type[BaseModel], JsonSchemaMode]]:
    """What the description refers to."""
    return {(JobCompleted, "serialization"), (JobRunning, "serialization")}


def described() -> dict[str, Any]:
    """The paths, as OpenAPI has them."""
    return {
        address: {method: _operation(job, method) for method in ("get", "post")}
        for address, job in CRON_ADDRESSES.items()
    }


def operation_id(job: str, method: str) -> str:
    """The name of an operation."""
    return f"call_{job}_by_{method.lower()}"


def _operation(job: str, method: str) -> dict[str, Any]:
    running = _content("It takes longer.", "JobRunning")
    running["headers"] = {"Location": {"schema": {"type": "string"}, "description": "Where the run is found."}}
    refused = {str(status): responses.refusal(status, description) for status, description in _REFUSED.items()}
    return {
        "operationId": operation_id(job, method),
        "tags": ["cron"],
        "summary": f"Run `{job}` as the outside scheduler does, by {method.upper()}.",
        "description": _DESCRIPTION.format(job=job),
        "parameters": [],
        "responses": {"200": _content("The run has ended.", "JobCompleted"), "202": running} | refused,
        "security": [{"cron": []}],
    }


def _content(description: str, shape: str) -> dict[str, Any]:
    schema = {"$ref": responses.REFERENCE.format(model=shape)}
    return {"description": description, "content": {"application/json": {"schema": schema}}}
