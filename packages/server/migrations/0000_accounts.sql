CREATE TABLE voisin_users (
  id text COLLATE "C" PRIMARY KEY,
  email text NOT NULL UNIQUE,
  tenant text NOT NULL,
  tier text NOT NULL,
  admin boolean NOT NULL DEFAULT false,
  disabled boolean NOT NULL DEFAULT false,
  created_at timestamptz(3) NOT NULL
);
--> statement-breakpoint
CREATE TABLE voisin_keys (
  id text COLLATE "C" PRIMARY KEY,
  user_id text COLLATE "C" NOT NULL REFERENCES voisin_users (id) ON DELETE CASCADE,
  name text NOT NULL,
  hash text NOT NULL,
  created_at timestamptz(3) NOT NULL,
  expires_at timestamptz(3),
  revoked_at timestamptz(3),
  last_used_at timestamptz(3)
);
--> statement-breakpoint
CREATE INDEX voisin_keys_of_user ON voisin_keys (user_id, created_at, id);
--> statement-breakpoint
-- No reference to users and keys: what was used is kept when they are deleted.
CREATE TABLE voisin_usage (
  user_id text COLLATE "C" NOT NULL,
  day text COLLATE "C" NOT NULL,
  key_id text COLLATE "C" NOT NULL,
  model text COLLATE "C" NOT NULL,
  requests bigint NOT NULL,
  embeddings bigint NOT NULL,
  cache_hits bigint NOT NULL,
  tokens bigint NOT NULL,
  cost bigint NOT NULL,
  PRIMARY KEY (user_id, day, key_id, model)
);
--> statement-breakpoint
-- Batches of usage that are in: one whose answer was lost on the way is sent again, and changes nothing.
CREATE TABLE voisin_usage_batches (
  id uuid PRIMARY KEY,
  added_at timestamptz(3) NOT NULL DEFAULT now()
);
--> statement-breakpoint
-- What is taken of the month's and the minute's allowance, what is under way included.
CREATE TABLE voisin_allowances (
  user_id text COLLATE "C" PRIMARY KEY,
  month text NOT NULL,
  month_used bigint NOT NULL,
  minute_started bigint NOT NULL,
  minute_used bigint NOT NULL
);
--> statement-breakpoint
-- Takes and gives back, in order, as one transaction. A step is
--   {user, units, cost, perMinute, perMonth, month, now}   both are taken or neither
--   {user, units, cost, month, since, give: true}          back into the windows that they came from, if those are still open
-- and its answer {ok, minuteUsed, minuteStarted, monthUsed}. The caller sorts steps by user, so that two callers cannot wait for one another.
CREATE FUNCTION voisin_allow(steps jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  step jsonb;
  held voisin_allowances;
  answers jsonb := '[]';
  units bigint;
  cost bigint;
  ok boolean;
BEGIN
  -- A count that a power cut takes back by half a second is cheaper than a sync of the disk on every request.
  PERFORM set_config('synchronous_commit', 'off', true);
  FOR step IN SELECT value FROM jsonb_array_elements(steps) LOOP
    units := (step->>'units')::bigint;
    cost := (step->>'cost')::bigint;
    INSERT INTO voisin_allowances VALUES (step->>'user', step->>'month', 0, 0, 0) ON CONFLICT (user_id) DO NOTHING;
    SELECT * INTO held FROM voisin_allowances WHERE user_id = step->>'user' FOR UPDATE;
    ok := true;
    IF step ? 'give' THEN
      IF held.month = step->>'month' THEN held.month_used := greatest(0, held.month_used - cost); END IF;
      IF held.minute_started = (step->>'since')::bigint THEN held.minute_used := greatest(0, held.minute_used - units); END IF;
    ELSE
      -- A clock that is behind must not open last month again.
      IF held.month < step->>'month' THEN held.month := step->>'month'; held.month_used := 0; END IF;
      IF held.minute_started + 60000 <= (step->>'now')::bigint THEN
        held.minute_started := (step->>'now')::bigint;
        held.minute_used := 0;
      END IF;
      ok := held.minute_used + units <= (step->>'perMinute')::bigint AND held.month_used + cost <= (step->>'perMonth')::bigint;
      IF ok THEN
        held.minute_used := held.minute_used + units;
        held.month_used := held.month_used + cost;
      END IF;
    END IF;
    IF ok THEN
      UPDATE voisin_allowances
        SET month = held.month, month_used = held.month_used, minute_started = held.minute_started, minute_used = held.minute_used
        WHERE user_id = step->>'user';
    END IF;
    answers := answers || jsonb_build_object(
      'ok', ok, 'minuteUsed', held.minute_used, 'minuteStarted', held.minute_started, 'monthUsed', held.month_used);
  END LOOP;
  RETURN answers;
END
$$;
