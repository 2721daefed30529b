/* conversation.person */
-- Keeps the profile, and puts the name to the turns that were saved before it was known.
-- $5: whether LINE was asked where it tells the language too; else the one that is known stays. An empty language: asked,
-- and not told.
WITH kept AS (
  INSERT INTO person (user_id, display_name, profile_language, fetched_at)
  VALUES ($1::text, $2::text, CASE WHEN $5::bool THEN coalesce($3::text, '') ELSE $3::text END, $4::timestamptz)
  ON CONFLICT (user_id) DO UPDATE
    SET display_name = coalesce(excluded.display_name, person.display_name),
        profile_language = CASE WHEN $5::bool THEN excluded.profile_language ELSE person.profile_language END,
        fetched_at = excluded.fetched_at
  RETURNING display_name
), nameless AS MATERIALIZED (
  SELECT lane, event FROM turn WHERE user_id = $1::text AND display_name IS NULL
  ORDER BY lane, event LIMIT 1000 FOR NO KEY UPDATE
)
UPDATE turn t SET display_name = kept.display_name FROM kept, nameless n
WHERE t.lane = n.lane AND t.event = n.event AND kept.display_name IS NOT NULL
