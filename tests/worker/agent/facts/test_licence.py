from __future__ import annotations

import pytest

from codeforge_worker.agent.facts.licence import Licence, spdx_id
from tests.worker.agent.facts.measuring import measured

MIT = "MIT License\n\nPermission is hereby granted, free of\ncharge, to any person obtaining a copy"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (MIT, "MIT"),
        ("                       Apache License\n                 Version 2.0, January 2004", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 2, June 1991", "GPL-2.0"),
        ("GNU LESSER GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "LGPL-3.0"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE\n   Version 3, 19 November 2007", "AGPL-3.0"),
        ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("Redistribution and use in source and binary forms, …", "BSD-2-Clause"),
        ("Redistribution and use in source and binary forms, … Neither the name of …", "BSD-3-Clause"),
        ("All rights reserved.", None),
        ("", None),
    ],
)
def test_a_licence_is_known_by_its_text(text: str, name: str | None) -> None:
    assert spdx_id(text) == name


def test_only_licence_files_in_the_top_folder_count() -> None:
    files = {
        "LICENSE": MIT,
        "LICENCE-APACHE.txt": "Apache License Version 2.0",
        "lib/LICENSE": MIT,
        "license_check.py": MIT,
    }
    assert measured(Licence(), files) == [
        {"path": "LICENCE-APACHE.txt", "id": "Apache-2.0"},
        {"path": "LICENSE", "id": "MIT"},
    ]


def test_a_binary_or_unread_licence_is_an_unknown_one() -> None:
    assert measured(Licence(), {"LICENSE": b"\0"}) == [{"path": "LICENSE", "id": None}]
    assert measured(Licence(), {"COPYING": 10**9}) == [{"path": "COPYING", "id": None}]
