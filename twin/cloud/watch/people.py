"""Messages to people: what a topic sends by e-mail is noted, and to whom; nothing leaves the machine.

A subscription by e-mail is pending until its owner confirms it, and gets nothing before that (SNS Developer Guide,
"Creating a subscription to an Amazon SNS topic"; trap 49f). Here ``PUT /_twin/people`` ``{"confirm": true}`` confirms
all that there are; a test that leaves one pending sees what happens then.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from twin.cloud.emulator import module
from twin.cloud.journal import JOURNAL

SOURCE = "people"
PENDING = "PendingConfirmation"
_MAIL = ("email", "email-json")


class People:
    """Who has confirmed. watched: whether subscriptions begin as pending at all."""

    def __init__(self) -> None:
        self.watched = False
        self._confirmed: set[str] = set()

    def confirm(self) -> None:
        """Confirm every subscription by e-mail that there is now."""
        self._confirmed |= {each["arn"] for each in _subscriptions()}

    def waits(self, subscription: str) -> bool:
        """Tell whether the subscription of that ARN is pending."""
        return self.watched and subscription not in self._confirmed

    def told(self) -> dict[str, list[dict[str, str]]]:
        """Return the subscriptions by e-mail, confirmed and pending ones."""
        found: dict[str, list[dict[str, str]]] = {"confirmed": [], "pending": []}
        for each in _subscriptions():
            word = "pending" if self.waits(each["arn"]) else "confirmed"
            found[word].append({"topic": each["topic_arn"], "endpoint": each["endpoint"]})
        return found


PEOPLE = People()
"""The server's own; there is one server in a process."""


def install() -> None:
    """Have subscriptions by e-mail be pending from now on, and note what topics send, whoever publishes."""
    from twin.cloud.resources import services  # after the emulator, whose tables it adds to

    services.after("sns", "ListSubscriptions", "ListSubscriptionsByTopic")(_show_pending)
    services.teach()
    sns = module("services.sns")
    deliver = sns._fanout
    PEOPLE.watched = True

    def delivered(topic: str, number: str, message: str, subject: str, *rest: Any, **more: Any) -> None:
        structure, attributes, *_ = (*rest, "", {}) if len(rest) == 0 else (*rest, {})
        text = sns._resolve_message_for_protocol(message, structure, "email")
        _note(topic, subject, text, attributes or {})
        deliver(topic, number, message, subject, *rest, **more)

    sns._fanout = delivered


def _note(topic: str, subject: str, text: str, attributes: Any) -> None:
    sns = module("services.sns")
    held = sns._topic_by_arn_any_scope(topic)
    by_mail = [each for each in (held or {}).get("subscriptions", ()) if each["protocol"] in _MAIL]
    wanted = [each for each in by_mail if sns._matches_filter_policy(each, attributes, text)]
    told = [each["endpoint"] for each in wanted if not PEOPLE.waits(each["arn"])]
    region, words = topic.split(":")[3], subject or text[:100]
    if told:
        JOURNAL.note(SOURCE, region, words, "", message=text, topic=topic, to=told)
    else:
        why = f"{len(by_mail)} subscriptions by e-mail, none of them confirmed" if by_mail else "nobody has subscribed"
        JOURNAL.note("service", region, f"nobody is told: {words}", why, message=text, topic=topic)


def _subscriptions() -> Iterator[dict[str, Any]]:
    for topic in list(module("services.sns")._topics._data.values()):
        yield from (each for each in topic["subscriptions"] if each["protocol"] in _MAIL)


def _show_pending(_parameters: dict[str, Any], said: dict[str, Any]) -> None:
    for each in said.get("Subscriptions", ()):
        if each["Protocol"] in _MAIL and PEOPLE.waits(each["SubscriptionArn"]):
            each["SubscriptionArn"] = PENDING
