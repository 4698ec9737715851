"""Whether the agent greets the customer at the start of the conversation.

Definition
----------
A call is greeted when the agent says one of the policy's words within ``within_s`` of the first speech.

Edge cases
----------
No transcript, or parties not told apart: no row. Nobody speaks: empty, with the reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from postcall.analyzer import analyzer
from postcall.call import Call
from postcall.fields import CallId, NotMeasurable
from postcall.policy import Policy, Setting
from postcall.tables import Field, table
from postcall.telephony import Role


class ExampleGreetingPolicy(Policy):
    """What counts as a greeting."""

    within_s: float = Setting(10, gt=0, description="A greeting comes within this time; larger admits later ones.")
    words: tuple[str, ...] = Setting(("hello", "morning"), description="Words that greet, in lower case.")


@table("call_example_greeting", grain="call with a transcript whose parties are told apart", primary_key=("call_id",))
class CallExampleGreeting:
    """Whether each call starts with a greeting."""

    call_id: CallId
    has_greeting: Annotated[bool | None, Field("Whether the agent greets the customer.")]
    not_measurable: NotMeasurable


@analyzer(version=1)
def example_greeting(call: Call, policy: ExampleGreetingPolicy) -> Iterator[CallExampleGreeting]:
    """The row of the call."""
    words = call.words(Role.AGENT)
    conversation = call.conversation()
    if conversation is None:
        yield CallExampleGreeting(call_id=call.call_id, has_greeting=None, not_measurable="has_greeting: nobody speaks")
        return
    until_ms = conversation.start_ms + round(policy.within_s * 1000)
    early = {word.text.lower() for word in words if word.span.start_ms < until_ms}
    yield CallExampleGreeting(call_id=call.call_id, has_greeting=bool(early & set(policy.words)), not_measurable=None)
