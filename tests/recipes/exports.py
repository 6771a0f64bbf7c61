"""OTLP exports of logs: one that Claude Code 2.1.331 made, and ones built by OpenTelemetry's types."""

import json
from pathlib import Path
from typing import Any

from google.protobuf.json_format import (  # type: ignore[import-untyped]
    MessageToDict,
    ParseDict,
)
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord, ResourceLogs, ScopeLogs
from opentelemetry.proto.resource.v1.resource_pb2 import Resource

NANOS = 1_795_573_540_264_000_000  # 2026-11-25T02:25:40Z
RECORDED = Path(__file__).parent / "claude_code_logs.json"


def recorded() -> Any:
    """Sent by `claude -p` with OTEL_EXPORTER_OTLP_PROTOCOL=http/json; with other ids, and less of its machine."""
    return json.loads(RECORDED.read_text())


def request(number: int, usd: float = 1, **more: str | float | None) -> LogRecord:
    """An event `claude_code.api_request`; what is None is left out, `__` stands for a point."""
    said: dict[str, str | float | None] = {
        "event__name": "api_request",
        "event__sequence": number,
        "session__id": "a-session",
        "user__email": "dana@example.com",
        "model": "claude-opus-5-5",
        "input_tokens": 20,
        "output_tokens": 40,
        "cost_usd": usd,
        "cost_usd_micros": round(usd * 1_000_000),
        "request_id": f"req_{number}",
        **more,
    }
    found = {key.replace("__", "."): value for key, value in said.items() if value is not None}
    return LogRecord(
        time_unix_nano=NANOS + number,
        body=AnyValue(string_value="claude_code.api_request"),
        attributes=[KeyValue(key=key, value=_any(value)) for key, value in found.items()],
    )


def export(*records: LogRecord, team: str = "search") -> Any:
    """OTLP/JSON as a collector writes it: 64-bit numbers are text; the team is the resource's."""
    attributes = [KeyValue(key="team.id", value=AnyValue(string_value=team))]
    logs = ResourceLogs(
        resource=Resource(attributes=attributes), scope_logs=[ScopeLogs(log_records=records)]
    )
    return MessageToDict(ExportLogsServiceRequest(resource_logs=[logs]))


def bodies(payload: Any) -> list[str]:
    """What the records of an export are, as OpenTelemetry's own types read it."""
    message = ExportLogsServiceRequest()
    ParseDict(payload, message)
    scopes = [scope for logs in message.resource_logs for scope in logs.scope_logs]
    return [record.body.string_value for scope in scopes for record in scope.log_records]


def refused(answer: Any) -> int:
    """How many records the answer to an export says were refused."""
    message = ExportLogsServiceResponse()
    ParseDict(answer, message)
    return message.partial_success.rejected_log_records


def _any(value: str | float) -> AnyValue:
    match value:
        case str():
            return AnyValue(string_value=value)
        case int():
            return AnyValue(int_value=value)
    return AnyValue(double_value=value)
