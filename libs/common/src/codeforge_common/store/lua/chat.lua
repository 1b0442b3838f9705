-- A conversation's kept messages, oldest first; with a rate, for somebody who says something in it.
-- in:  user session rate{per_minute, burst}
-- out: { messages[{role, content, at, job, cut}], remaining, reset } or { refused, retry_after }
-- idempotent: yes (it reads; a repeat costs one more of the rate)
-- memory: exempt
-- uses: rate chat

local remaining, reset
if IN.rate then
    local wait
    wait, remaining, reset = take(KEY('chat_rate', IN.user), IN.rate.per_minute, IN.rate.burst)
    if wait then return { refused = 'too_many_messages', retry_after = wait } end
end
return { messages = messages_of(IN.user, IN.session), remaining = remaining, reset = reset }
