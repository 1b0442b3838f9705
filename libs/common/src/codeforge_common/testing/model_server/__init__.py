"""A fake provider of models, a process of its own: OpenAI's Chat Completions and Anthropic's Messages by a script.

``with model_server(script) as server:`` starts it; ``server.environment`` has the variables for whoever is to use it
(``AGENT_MODEL``, ``OPENAI_BASE_URL``, ``OPENAI_API_KEY`` and Anthropic's), ``server.requests()`` every request that it
got. ``python -m codeforge_common.testing.model_server --script FILE --port 0`` runs one by hand and prints its address.

A script is JSON: a list of answers, taken in order, or an object with any of

=========== ===========================================================================================================
``answers`` answers that are taken in order by requests that no rule fits
``rules``   ``{"when": …, "answer": A}`` as often as it fits, or ``{"when": …, "answers": [A, …]}`` in order, once each;
            the first rule that fits, and has an answer left, answers
``model``   the name of the only model there is (``scripted``); asking for another is a 404
``key``     the key that is demanded (``scripted-key``); null: none
=========== ===========================================================================================================

``when`` has any of these, which must all fit (``{}`` always does):

=============== =======================================================================================================
``message``     a part of the user's last message
``anywhere``    a part of any message, of a tool's answer or of the instructions
``tools``       names that are all among the tools offered; ``[]``: none is offered
``toolAnswers`` how many answers of tools the conversation has
``turns``       how many messages of the assistant the conversation has
=============== =======================================================================================================

An answer has one or more of

============ ==========================================================================================================
``text``     what the model says; streamed word by word, or as the list of pieces that stands here
``pause``    seconds between two pieces of a stream
``calls``    tools that it calls: ``{"name": …, "arguments": {…}}``; ``arguments`` that are a text are sent as they are
``output``   structured output: becomes a call of the output tool, or the text where a response format was asked for
``usage``    ``{"input": 12, "output": 3}`` tokens; by default a quarter of the characters
``finish``   why it ends: ``stop``, ``tool_calls``, ``length`` or ``content_filter``; by default one of the first two
``status``   an error's HTTP status
``headers``  of an error: ``{"Retry-After": "2"}``
``error``    what it says: ``{"message": …, "code": …, "type": …}``
``body``     sent as it is, with status 200
``cut``      the connection breaks after so many events of the stream (without one: in the middle of the body)
``ends``     as ``cut``, but the stream ends politely, with no word that it was all
``hang``     nothing more comes after so many events (0: not even a status), until the client goes away
``hold``     true: it isn't begun before ``server.resume()``
============ ==========================================================================================================

A request that nothing fits gets a 400 that says so.
"""

from codeforge_common.testing.model_server.process import ModelServer, model_server

__all__ = ["ModelServer", "model_server"]
