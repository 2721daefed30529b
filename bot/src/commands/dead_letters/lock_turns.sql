/* dead_letters.lock_turns */
-- Before the dead letters, as an unsend does.
SELECT t.event FROM dead_letter d JOIN turn t ON t.lane = d.lane AND t.event = d.id
WHERE d.id = ANY ($1::int8[]) ORDER BY t.lane, t.event FOR UPDATE OF t
