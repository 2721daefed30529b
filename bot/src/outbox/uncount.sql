/* outbox.uncount */
-- The call was never sent, or refused before it could count. Naming the count makes a second run harmless.
UPDATE outbox SET reply_attempts = reply_attempts - 1
WHERE event = $1 AND token = $2 AND state = 'replying' AND reply_attempts = $3::int2
RETURNING reply_attempts
