// Where oidc-provider keeps its data: one table of PostgreSQL, found by primary key.
//
// A row is a model's payload as JSON, with what it is looked up by in columns of their own.

const TABLE = `
CREATE TABLE IF NOT EXISTS oidc_item (
  model text NOT NULL,
  id text NOT NULL,
  payload jsonb NOT NULL,
  grant_id text,
  uid text,
  user_code text,
  consumed_at timestamptz,
  expires_at timestamptz,
  PRIMARY KEY (id, model)
);
CREATE INDEX IF NOT EXISTS oidc_item_grant ON oidc_item (grant_id) WHERE grant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS oidc_item_uid ON oidc_item (uid) WHERE uid IS NOT NULL;
CREATE INDEX IF NOT EXISTS oidc_item_code ON oidc_item (user_code) WHERE user_code IS NOT NULL;
`
const COLUMNS = 'payload, extract(epoch FROM consumed_at)::int AS consumed'
const LIVING = '(expires_at IS NULL OR expires_at > now())'

export function makeTables(pool) {
  return pool.query(TABLE)
}

// Named statements, so that PostgreSQL keeps their plans as it does for us.
export function adapterFor(pool) {
  return class PostgresAdapter {
    constructor(model) {
      this.model = model
    }

    async upsert(id, payload, seconds) {
      await pool.query({
        name: 'upsert',
        text: `INSERT INTO oidc_item (model, id, payload, grant_id, uid, user_code, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, now() + $7 * interval '1 second')
               ON CONFLICT (id, model) DO UPDATE SET payload = excluded.payload,
                 grant_id = excluded.grant_id, uid = excluded.uid,
                 user_code = excluded.user_code, expires_at = excluded.expires_at`,
        values: [
          this.model,
          id,
          payload,
          payload.grantId ?? null,
          payload.uid ?? null,
          payload.userCode ?? null,
          seconds ?? null,
        ],
      })
    }

    find(id) {
      return this.#one('id', id)
    }

    findByUid(uid) {
      return this.#one('uid', uid)
    }

    findByUserCode(code) {
      return this.#one('user_code', code)
    }

    async consume(id) {
      await this.#change('consume', 'UPDATE oidc_item SET consumed_at = now()', id)
    }

    async destroy(id) {
      await this.#change('destroy', 'DELETE FROM oidc_item', id)
    }

    async revokeByGrantId(grantId) {
      await pool.query({
        name: 'revoke',
        text: 'DELETE FROM oidc_item WHERE grant_id = $1',
        values: [grantId],
      })
    }

    async #change(name, statement, id) {
      await pool.query({
        name,
        text: `${statement} WHERE id = $1 AND model = $2`,
        values: [id, this.model],
      })
    }

    async #one(column, value) {
      const { rows } = await pool.query({
        name: `by-${column}`,
        text: `SELECT ${COLUMNS} FROM oidc_item WHERE ${column} = $1 AND model = $2 AND ${LIVING}`,
        values: [value, this.model],
      })
      if (rows.length === 0) return undefined
      const [{ payload, consumed }] = rows
      return consumed === null ? payload : { ...payload, consumed }
    }
  }
}
