-- What servers told last of accounts for which they have reserved something, or had a short while ago. One that is not heard of any more loses what it reserved.
CREATE TABLE voisin_reservations (
  user_id text COLLATE "C" NOT NULL,
  entry text COLLATE "C" NOT NULL,
  month text NOT NULL,
  turn bigint NOT NULL,
  settled bigint NOT NULL,
  reserved bigint NOT NULL,
  told_at timestamptz(3) NOT NULL,
  PRIMARY KEY (user_id, entry)
);
--> statement-breakpoint
DROP FUNCTION voisin_allow(jsonb);
--> statement-breakpoint
-- Counts what servers tell and take, in order, as one transaction. voisin_allowances.month_used is what is used; what is reserved stands in voisin_reservations. A call is
--   {user, month, now, entry, turn, settled, reserved, isNew, seed?, minute?: {started, used, alone}, back?: {since, units}, takes: [{units, cost, perMinute, perMonth}]}
-- (src/accounts/allowances/shared-allowances.ts) and its answer a standing for each taking, {ok, minuteUsed, minuteStarted, monthUsed, reserved}, or null where nothing
-- is known of the month and no seed came. The caller sorts calls by user, so that two callers cannot wait for one another.
CREATE FUNCTION voisin_count(calls jsonb, reserved_forgotten_after interval, entry_forgotten_after interval) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  call jsonb;
  take jsonb;
  held voisin_allowances;
  mine voisin_reservations;
  known bigint;
  told_settled bigint;
  told_reserved bigint;
  others bigint;
  now_ms bigint;
  started bigint;
  taken bigint;
  ok boolean;
  standings jsonb;
  answers jsonb := '[]';
BEGIN
  -- A count that a power cut takes back by half a second is cheaper than a sync of the disk on every request.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR call IN SELECT value FROM jsonb_array_elements(calls) LOOP
    known := (call->>'seed')::bigint;
    told_settled := (call->>'settled')::bigint;
    told_reserved := (call->>'reserved')::bigint;
    now_ms := (call->>'now')::bigint;
    INSERT INTO voisin_allowances VALUES (call->>'user', '', 0, 0, 0) ON CONFLICT (user_id) DO NOTHING;
    SELECT * INTO held FROM voisin_allowances WHERE user_id = call->>'user' FOR UPDATE;
    IF held.month < call->>'month' AND known IS NULL THEN
      answers := answers || 'null'::jsonb;
      CONTINUE;
    END IF;
    DELETE FROM voisin_reservations r
      WHERE r.user_id = call->>'user' AND r.entry <> call->>'entry' AND r.told_at < clock_timestamp() - entry_forgotten_after;
    SELECT * INTO mine FROM voisin_reservations r WHERE r.user_id = call->>'user' AND r.entry = call->>'entry';
    IF mine.turn >= (call->>'turn')::bigint THEN
      answers := answers || 'null'::jsonb;
      CONTINUE;
    END IF;
    IF held.month < call->>'month' THEN
      held.month := call->>'month';
      held.month_used := known;
    ELSIF held.month = call->>'month' THEN
      IF mine.turn IS NOT NULL THEN held.month_used := held.month_used + told_settled - mine.settled;
      ELSIF (call->>'isNew')::boolean THEN held.month_used := held.month_used + told_settled;
      END IF;
      held.month_used := greatest(held.month_used, coalesce(known, 0));
    END IF;
    SELECT coalesce(sum(r.reserved), 0) INTO others FROM voisin_reservations r
      WHERE r.user_id = call->>'user' AND r.entry <> call->>'entry' AND r.month = held.month
        AND r.told_at >= clock_timestamp() - reserved_forgotten_after;
    -- What is told of a month that is over, or taken by a clock that is behind, opens that month no more: takings count in the one that is open.

    started := held.minute_started;
    taken := held.minute_used;
    IF started = (call#>>'{back,since}')::bigint THEN taken := greatest(0, taken - (call#>>'{back,units}')::bigint); END IF;
    IF (call#>>'{minute,alone}')::boolean AND NOT voisin_is_over((call#>>'{minute,started}')::bigint, now_ms) THEN
      IF voisin_is_over(started, now_ms) THEN
        started := (call#>>'{minute,started}')::bigint;
        taken := (call#>>'{minute,used}')::bigint;
      ELSE
        taken := greatest(taken, (call#>>'{minute,used}')::bigint);
      END IF;
    END IF;
    IF voisin_is_over(started, now_ms) THEN
      started := now_ms;
      taken := 0;
    END IF;

    standings := '[]';
    FOR take IN SELECT value FROM jsonb_array_elements(call->'takes') LOOP
      ok := taken + (take->>'units')::bigint <= (take->>'perMinute')::bigint
        AND held.month_used + others + told_reserved + (take->>'cost')::bigint <= (take->>'perMonth')::bigint;
      IF ok THEN
        taken := taken + (take->>'units')::bigint;
        told_reserved := told_reserved + (take->>'cost')::bigint;
      END IF;
      standings := standings || jsonb_build_object('ok', ok, 'minuteUsed', taken, 'minuteStarted', started,
        'monthUsed', held.month_used + others + told_reserved, 'reserved', others + told_reserved);
    END LOOP;

    UPDATE voisin_allowances SET month = held.month, month_used = held.month_used,
        minute_started = CASE WHEN taken > 0 THEN started ELSE 0 END, minute_used = taken
      WHERE user_id = call->>'user';
    INSERT INTO voisin_reservations
      VALUES (call->>'user', call->>'entry', call->>'month', (call->>'turn')::bigint, told_settled, told_reserved, clock_timestamp())
      ON CONFLICT (user_id, entry) DO UPDATE
        SET turn = excluded.turn, settled = excluded.settled, reserved = excluded.reserved, told_at = excluded.told_at;
    answers := answers || jsonb_build_array(standings);
  END LOOP;
  RETURN answers;
END
$$;
--> statement-breakpoint
-- Whether a minute is over. One that begins a minute from now or later was begun by a clock that has been set back since.
CREATE FUNCTION voisin_is_over(started bigint, now_ms bigint) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT started + 60000 <= now_ms OR started >= now_ms + 60000
$$;
