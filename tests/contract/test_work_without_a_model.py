"""Without a model the chat offers the background for exactly what the worker's rules then send to the analysis."""

from __future__ import annotations

import pytest

from codeforge_gateway.chat.rules import Work, work_in
from codeforge_worker.agent.routing import ANALYZE, RuleRouter
from tests.worker.agent.tasks import request


@pytest.mark.parametrize(
    "order",
    [
        *("Analyze", "Please review", "audit", "Check", "scan", "Phân tích", "Hãy đánh giá", "kiểm tra"),
        *("Fix", "Could you update", "Write tests for", "Analyse and improve", "Check and fix", "translate"),
        *("Cập nhật", "Hãy sửa", "thêm test vào", "xóa", "xoá", "Dịch", "cải thiện", "tạo", "viết", "xây dựng"),
    ],
)
async def test_both_read_an_order_alike(order: str) -> None:
    message = f"{order} README.md in ada/engine"
    route = await RuleRouter().route(request(message))
    assert work_in(message) is (Work.ANALYSIS if route.workflow == ANALYZE else Work.CHANGE)
