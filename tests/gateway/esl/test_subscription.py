"""Which events a client gets."""

from tandem.gateway.esl.event import Event
from tandem.gateway.esl.subscription import Subscription

CREATE = Event("CHANNEL_CREATE", {"Unique-ID": "u1", "Caller-ANI": "100"})
SPAN = Event("CUSTOM", {"Event-Subclass": "tandem::span"})
BEAT = Event("HEARTBEAT")


def wanted(subscription):
    return [event.name for event in (CREATE, SPAN, BEAT) if subscription.wants(event)]


def test_nothing_before_it_is_asked_for():
    assert wanted(Subscription()) == []


def test_all():
    subscription = Subscription()
    assert subscription.add(["ALL"])
    assert wanted(subscription) == ["CHANNEL_CREATE", "CUSTOM", "HEARTBEAT"]


def test_names_and_subclasses():
    subscription = Subscription()
    assert subscription.add(["channel_create", "CUSTOM", "tandem::span"])
    assert wanted(subscription) == ["CHANNEL_CREATE", "CUSTOM"]
    assert not subscription.wants(Event("CUSTOM", {"Event-Subclass": "tandem::link"}))


def test_custom_alone_has_no_subclass():
    subscription = Subscription()
    subscription.add(["CUSTOM"])
    assert wanted(subscription) == []
    assert subscription.wants(Event("CUSTOM"))


def test_words_that_are_no_events():
    assert not Subscription().add(["NOTHING", "ELSE"])
    assert not Subscription().remove(["NOTHING"])
    assert not Subscription().add([])


def test_taking_back():
    subscription = Subscription()
    subscription.add(["ALL"])
    assert subscription.remove(["HEARTBEAT", "CUSTOM", "tandem::span"])
    assert wanted(subscription) == ["CHANNEL_CREATE"]
    subscription.add(["HEARTBEAT"])
    assert wanted(subscription) == ["CHANNEL_CREATE", "HEARTBEAT"]
    subscription.add(["CUSTOM", "tandem::span"])
    assert "CUSTOM" in wanted(subscription)
    assert subscription.remove(["ALL"])
    assert wanted(subscription) == []


def test_one_filter_that_matches_is_enough():
    subscription = Subscription()
    subscription.add(["ALL"])
    subscription.add_filter("Caller-ANI", "100")
    assert wanted(subscription) == ["CHANNEL_CREATE"]
    subscription.add_filter("event-name", "/^HEART/")
    assert wanted(subscription) == ["CHANNEL_CREATE", "HEARTBEAT"]
    subscription.remove_filter("Caller-ANI", "200")
    assert wanted(subscription) == ["CHANNEL_CREATE", "HEARTBEAT"]
    subscription.remove_filter("caller-ani", None)
    assert wanted(subscription) == ["HEARTBEAT"]
    subscription.remove_filter("all", None)
    assert len(wanted(subscription)) == 3


def test_a_filter_that_is_no_expression_matches_nothing():
    subscription = Subscription()
    subscription.add(["ALL"])
    subscription.add_filter("Caller-ANI", "/(/")
    assert wanted(subscription) == []


def test_filters_have_a_limit():
    subscription = Subscription()
    assert all(subscription.add_filter("a", str(number)) for number in range(100))
    assert not subscription.add_filter("a", "100")


def test_one_channel_only():
    subscription = Subscription()
    subscription.only("u1")
    assert wanted(subscription) == ["CHANNEL_CREATE"]
    assert subscription.wants(Event("CHANNEL_BRIDGE", {"Unique-ID": "u2", "Other-Leg-Unique-ID": "u1"}))
    subscription.clear()
    assert wanted(subscription) == []
