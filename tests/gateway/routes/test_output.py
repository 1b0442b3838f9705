from __future__ import annotations

from typing import Any

import pytest

from tests.gateway.harness import Gateway

TEXT = "Größe: 7 🙂\n"


async def written(gateway: Gateway, text: str = TEXT) -> tuple[str, Any]:
    """A running job that has written ``text``, and a way to end it."""
    job_id = await gateway.submit()
    worker = gateway.worker()
    run = await worker.take()
    await worker.say(run, output=text)

    async def end() -> None:
        await worker.complete(run)

    return job_id, end


async def part(gateway: Gateway, job_id: str, **query: object) -> dict[str, Any]:
    answer = await gateway.client.get(f"/api/jobs/{job_id}/output", params=query)  # type: ignore[arg-type]
    assert answer.status_code == 200
    body: dict[str, Any] = answer.json()
    assert body.pop("success") is True
    assert body.pop("jobId") == job_id
    return body


async def test_it_is_read_from_the_start_and_complete_once_the_job_is_at_rest(gateway: Gateway) -> None:
    job_id, end = await written(gateway)
    bytes = len(TEXT.encode())
    assert await part(gateway, job_id) == {"output": TEXT, "from": 0, "next": bytes, "complete": False}
    assert await part(gateway, job_id, **{"from": bytes}) == {
        "output": "",
        "from": bytes,
        "next": bytes,
        "complete": False,
    }
    await end()
    assert (await part(gateway, job_id, **{"from": bytes}))["complete"] is True
    assert (await part(gateway, job_id, **{"from": 7}))["output"] == TEXT.encode()[7:].decode()


async def test_a_place_within_a_character_moves_to_the_next_one_and_one_beyond_the_end_to_the_end(
    gateway: Gateway,
) -> None:
    job_id, _ = await written(gateway)
    bytes = len(TEXT.encode())
    within = len(b"Gr") + 1
    moved = await part(gateway, job_id, **{"from": within})
    assert (moved["from"], moved["output"]) == (within + 1, TEXT[3:])
    beyond = await part(gateway, job_id, **{"from": 2**53 - 1})
    assert (beyond["from"], beyond["next"], beyond["output"]) == (bytes, bytes, "")


async def test_a_long_one_comes_in_parts_that_tear_no_character(gateway: Gateway) -> None:
    text = "x" + "ß" * 400_000
    job_id, end = await written(gateway, text)
    await end()
    read, place = "", 0
    while True:
        said = await part(gateway, job_id, **{"from": place})
        assert said["from"] == place
        read, place = read + said["output"], said["next"]
        if said["complete"]:
            break
    assert read == text


async def test_a_job_without_output_has_an_empty_one(gateway: Gateway) -> None:
    job_id = await gateway.submit()
    assert await part(gateway, job_id, **{"from": ""}) == {"output": "", "from": 0, "next": 0, "complete": False}


@pytest.mark.parametrize("place", ["-1", "1.5", "many", "٣", str(2**53), "9" * 400])
async def test_a_place_is_a_whole_number(gateway: Gateway, place: str) -> None:
    job_id = await gateway.submit()
    answer = await gateway.client.get(f"/api/jobs/{job_id}/output", params={"from": place})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (400, "invalid_request")
    assert [fault["path"] for fault in problem["errors"]] == ["from"]
