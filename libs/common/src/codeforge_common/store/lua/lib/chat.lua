-- What was said in the chat, kept for a while.
--
--   chat:<length of the user's id>:<user>:<session>   list: a conversation's messages, packed, oldest first. The length
--                                                     keeps users apart whose ids have a colon in them
--   chats:<user>                                      sorted set: session -> when something was last said in it
--
-- Both go when nothing was said for the lifetime that came with the last turn.

local function chat_key(user, session)
    return KEY('chat', #user .. ':' .. user, session)
end

-- Appends `messages` { role, content, job, cut } of one turn, unless it is there already, and lets go what is too much:
-- the oldest messages beyond `caps` { messages, bytes }, the user's conversations that are the longest silent beyond
-- caps.sessions. All of it goes caps.lifetime (ms) after the last turn.
local function keep_turn(user, session, turn, messages, caps)
    local key, index = chat_key(user, session), KEY('chats', user)
    local kept = redis.call('LRANGE', key, 0, -1)
    local count, bytes = #kept, 0
    for _, packed in ipairs(kept) do
        if cmsgpack.unpack(packed).turn == turn then return end
        bytes = bytes + #packed
    end
    for _, message in ipairs(messages) do
        message.turn, message.at = turn, NOW
        count = count + 1
        kept[count] = cmsgpack.pack(message)
        bytes = bytes + #kept[count]
        redis.call('RPUSH', key, kept[count])
    end
    local first = 1
    while count - first + 1 > caps.messages or (bytes > caps.bytes and first <= count) do
        bytes = bytes - #kept[first]
        first = first + 1
    end
    redis.call('LTRIM', key, first - 1, -1)
    redis.call('PEXPIRE', key, caps.lifetime)
    redis.call('ZADD', index, NOW_TEXT, session)
    redis.call('ZREMRANGEBYSCORE', index, '-inf', NOW - caps.lifetime)
    for _, silent in ipairs(redis.call('ZRANGE', index, 0, -1 - caps.sessions)) do
        redis.call('DEL', chat_key(user, silent))
        redis.call('ZREM', index, silent)
    end
    redis.call('PEXPIRE', index, caps.lifetime)
end

local function messages_of(user, session)
    local messages = {}
    for i, packed in ipairs(redis.call('LRANGE', chat_key(user, session), 0, -1)) do
        messages[i] = cmsgpack.unpack(packed)
    end
    return messages
end
