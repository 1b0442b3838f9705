"""Words that people use without meaning the repository that is called so."""

from __future__ import annotations

import re

COMMON = re.compile(
    r"about|admin|agent|analysis|android|api|apps?|application|archive|article|assets|auth|automation|backend|backup"
    r"|bash|blog|board|book|bot|browser|bug|build|calculator|calendar|cart|chat|chatbot|check|class|cli|client|cloud"
    r"|code|color|common|community|components?|config|contact|content|control|core|counter|course|css|dashboard|data"
    r"|database|default|demo|deploy|design|desktop|dev|developer|django|docker|docs|document|documentation|dotfiles"
    r"|download|editor|email|english|error|event|examples?|experiment|express|extension|feature|files?|first|flask"
    r"|form|framework|frontend|function|game|gallery|generator|go|guide|hello|help|home|homepage|html|icon|images?"
    r"|index|info|infra|input|install|interface|internal|issues?|java|javascript|jobs?|json|kit|landing|landing-page"
    r"|language|layout|library|link|linux|list|login|logo|mail|main|manager|map|markdown|menu|message|mobile|model"
    r"|module|monitor|music|my|name|news?|node|notes?|notebook|notification|open|package|pages?|panel|password|photo"
    r"|play|player|plugin|portal|portfolio|post|price|private|product|profile|program|projects?|prototype|public"
    r"|python|query|quiz|react|readme|release|report|request|research|resources|resume|rust|sandbox|sample|scripts?"
    r"|search|security|server|services?|session|settings|setup|shared|shop|simple|sites?|sort|source|spec|src|start"
    r"|static|status|store|story|studio|styles?|support|system|table|tasks?|templates?|terminal|tests?|testing|text"
    r"|theme|time|timer|todo|todo-list|token|tools?|training|translate|translation|tutorial|typescript|ui|update"
    r"|upload|users?|version|video|vietnamese|view|vue|wallet|weather|web|webapp|webpage|website|widget|wiki|word"
    r"|work|workflow|workshop|workspace|world",
    re.IGNORECASE,
)
"""Names that are given to repositories again and again."""
