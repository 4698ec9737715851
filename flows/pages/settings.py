"""How pages are written: language, sound, where they go, who may open them."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, IPvAnyAddress

Language = Literal["en", "ru", "zh"]
AudioFormat = Literal["flac", "opus", "wav"]


class PageSettings(BaseModel):
    """Section ``[pages]`` of the settings."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    nightly: bool = Field(True, description="Whether the night ends with publishing its reports.")
    language: Language = Field("en", description="Language of labels and headings: en, ru or zh.")
    folder: Path | None = Field(None, description="Folder of the reports; `reports` in the store when not set.")
    audio_format: AudioFormat = Field(
        "flac",
        description="How the sound of a call page is written: flac and wav lose nothing, opus is smallest, but older Safari "
        "does not play it.",
    )
    embed_audio: bool = Field(False, description="Sound inside the call page, not in a file beside it.")
    personal: bool = Field(
        False,
        description="Name of the agent, number of the customer, and personal data in words on call pages; voices are "
        "there unless personal_data.redact_sound of the policy hides them.",
    )
    calls_a_day: int = Field(20, ge=0, le=1000, description="Most call pages that a night publishes, the worst first.")
    user_header: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which a reverse proxy names the user, e.g. X-Forwarded-User; `postcall serve` then needs it.",
    )
    proxies: tuple[IPvAnyAddress, ...] = Field(
        (IPv4Address("127.0.0.1"), IPv6Address("::1")),
        description="Addresses of the reverse proxies whose `user_header` is believed; nobody else is served then.",
    )
