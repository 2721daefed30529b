-- Second part, for batches in which not everything is to be worked.
, kept AS (
  INSERT INTO turn (lane, event, key, webhook_event_id, destination, user_id, kind, message_id, user_text,
                    outcome, reason, trace, occurred_at, received_at, settled_at, body)
  SELECT coalesce(n.lane, ''), n.id, n.key, n.webhook_event_id, n.destination, n.user_id, n.kind, n.message_id,
         CASE WHEN a.message_id IS NOT NULL THEN a.text ELSE n.user_text END,
         'stored_only', CASE WHEN n.current THEN n.reason ELSE 'too_old' END, n.trace, n.occurred_at, n.received_at,
         clock_timestamp(), CASE WHEN a.unsent THEN NULL ELSE n.body END
  FROM news n
  LEFT JOIN LATERAL (SELECT message_id, unsent, text FROM amendment WHERE message_id = n.message_id OFFSET 0) a ON true
  WHERE n.actual = 1
), dead AS (
  INSERT INTO dead_letter (id, key, lane, destination, message_id, reason, detail, attempts, occurred_at, received_at,
                           ordinal, dead_at, trace, body)
  SELECT id, key, lane, destination, message_id, 'unreadable', reason, 0, occurred_at, received_at,
         ordinal, clock_timestamp(), trace, body
  FROM news WHERE actual = 2
), amended AS (
  -- Unsend is final; of edits the newest counts.
  INSERT INTO amendment AS a (message_id, unsent, text, occurred_at)
  SELECT DISTINCT ON (amend_id) amend_id, unsends, amend_text, occurred_at
  FROM news WHERE amend_id IS NOT NULL ORDER BY amend_id, unsends DESC, occurred_at DESC
  ON CONFLICT (message_id) DO UPDATE
    SET unsent = excluded.unsent, text = excluded.text, occurred_at = excluded.occurred_at, applied = false
    WHERE NOT a.unsent AND (excluded.unsent OR excluded.occurred_at > a.occurred_at)
)
