/** What is given of it as the query of an address. */
const query = (asked) => {
  const given = Object.entries(asked).filter(([, value]) => value !== undefined)
  return given.length ? `?${new URLSearchParams(given)}` : ''
}

/** What an application server asks of the platform over /v1. People prove who they are there. */
export class Platform {
  /** `url` is the scope's address: https://id.example/s/acme */
  constructor({ url, apiKeyId, apiKeySecret, contextId }) {
    this.root = `${url}/v1`
    this.context = `/contexts/${encodeURIComponent(contextId)}`
    this.ours = `Basic ${Buffer.from(`${apiKeyId}:${apiKeySecret}`).toString('base64')}`
  }

  // Open to everybody: the signature is the proof.
  beginSignUp = (asked) => this.#post('/sign-up/user-key/challenge', asked)
  signUp = (proof) => this.#post('/sign-up/user-key', proof)
  beginSignIn = (publicKey) => this.#post('/sign-in/user-key/challenge', { public_key: publicKey })
  signIn = (proof) => this.#post('/sign-in/user-key', proof)
  refresh = (refreshToken) => this.#post('/token/refresh', { refresh_token: refreshToken })

  /** Who holds this access token now; who was shut out a moment ago is refused. */
  async user(accessToken) {
    return (await this.#send('GET', '/me', `Bearer ${accessToken}`)).user
  }

  // With the token of the user: it is the user's own profile.
  profile = (accessToken) => this.#send('GET', '/me/profile', `Bearer ${accessToken}`)
  editProfile = (accessToken, changes) =>
    this.#send('PATCH', '/me/profile', `Bearer ${accessToken}`, changes)

  // With the token of the user, too: whose account is which member the platform knows.
  keysOf = (accessToken, name, asked) =>
    this.#send('GET', `${this.#member(name)}/keys${query(asked)}`, `Bearer ${accessToken}`)
  contacts = (accessToken, asked) =>
    this.#send('GET', `${this.context}/contacts${query(asked)}`, `Bearer ${accessToken}`)

  // With the API key of this server; docs/application-servers.md says what each of them needs.
  beginJoin = (member, publicKey) =>
    this.#post(`${this.context}/join/challenge`, { member, public_key: publicKey }, this.ours)
  join = (proof) => this.#post(`${this.context}/join`, proof, this.ours)
  /** The member of this name, null where there is none. */
  member = (name) =>
    this.#send('GET', this.#member(name), this.ours).catch((refusal) => {
      if (refusal.status === 404) return null
      throw refusal
    })
  setStaff = (name, isStaff) =>
    this.#send('PUT', `${this.#member(name)}/staff`, this.ours, { is_staff: isStaff })
  invite = (email) => this.#post('/invitations', { email }, this.ours)

  #member = (name) => `${this.context}/members/${encodeURIComponent(name)}`
  #post = (path, body, authorization) => this.#send('POST', path, authorization, body)

  async #send(method, path, authorization, body) {
    const headers = { Accept: 'application/json' }
    if (authorization) headers.Authorization = authorization
    if (body) headers['Content-Type'] = 'application/json'
    const sent = { method, headers, body: body && JSON.stringify(body) }
    const answer = await fetch(this.root + path, sent)
    const told = await answer.json().catch(() => ({}))
    if (answer.ok) return told
    // Refusals are problem details (RFC 9457); the last part of `type` is a permanent code.
    const code = String(told.type ?? '').split('/').at(-1)
    const detail = told.detail ?? told.title
    throw Object.assign(new Error(told.title ?? 'refused'), { status: answer.status, code, detail })
  }
}
