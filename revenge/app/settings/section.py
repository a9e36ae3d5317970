"""What a group of settings is: the settings of each feature may stand in a module of their own."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A group of settings, fixed while the program runs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
