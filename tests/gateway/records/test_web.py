"""Records to a web service: acknowledged by 2xx only."""

import socket

import pytest
from support.call_records import ENCODER, Service, record

from tandem.gateway.configuration.records import HttpReceiver
from tandem.gateway.records.receiver import DeliveryError
from tandem.gateway.records.web import Web


@pytest.fixture
def service():
    service = Service()
    yield service
    service.close()


def deliver(receiver, numbers):
    records = [record(number) for number in numbers]
    receiver.deliver([ENCODER.encode(one) for one in records], records)


def test_records_arrive_as_an_array_with_token_and_key(service):
    receiver = Web(HttpReceiver(name="w", url=service.url, token="secret"))
    deliver(receiver, [1, 2])
    deliver(receiver, [1, 2])
    deliver(receiver, [3])
    (headers, body), (again, _), (other, _) = service.requests
    assert [one["id"] for one in body] == ["c-1", "c-2"]
    assert headers["Authorization"] == "Bearer secret"
    assert headers["Idempotency-Key"] == again["Idempotency-Key"] != other["Idempotency-Key"]


@pytest.mark.parametrize("status", [302, 400, 500, 503])
def test_any_other_status_is_no_acknowledgement(service, status):
    service.status = status
    with pytest.raises(DeliveryError, match=str(status)):
        deliver(Web(HttpReceiver(name="w", url=service.url)), [1])


def test_a_service_that_is_not_there_is_told():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        with pytest.raises(DeliveryError, match=r"cannot be reached: .*refused"):
            deliver(Web(HttpReceiver(name="w", url=url)), [1])


def test_a_service_that_does_not_answer_is_given_up():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(DeliveryError, match="timed out"):
            deliver(Web(HttpReceiver(name="w", url=url, timeout=0.1)), [1])
