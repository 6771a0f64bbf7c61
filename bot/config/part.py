"""What every group of fields in a policy file has in common."""

from pydantic import BaseModel, ConfigDict


class Part(BaseModel):
    """Nothing unknown is accepted, and nothing changes after it was read."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
