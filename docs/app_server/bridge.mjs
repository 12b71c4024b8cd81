/**
 * The way that the documentation of application servers shows: JSON-RPC with an API key. The key
 * gets an access token, and the token registers who has which public key in a context.
 */
export class Bridge {
  constructor({ url, apiKeyId, apiKeySecret, contextId }) {
    Object.assign(this, { url, apiKeyId, apiKeySecret, contextId })
  }

  /** The application vouches for the pair; the same pair again changes nothing. */
  async addUserToContext(userId, userPubKey) {
    const token = await this.#accessToken()
    const params = { contextId: this.contextId, userId, userPubKey }
    return this.#call('context/addUserToContext', params, token)
  }

  async #accessToken() {
    const { accessToken } = await this.#call('manager/auth', {
      grantType: 'api_key_credentials',
      apiKeyId: this.apiKeyId,
      apiKeySecret: this.apiKeySecret,
      scope: ['context'],
    })
    return accessToken
  }

  /** Errors come with status 200, too: the body says what it is. */
  async #call(method, params, token) {
    const headers = { 'Content-Type': 'application/json' }
    if (token) headers.Authorization = `Bearer ${token}`
    const body = JSON.stringify({ jsonrpc: '2.0', id: 128, method, params })
    const sent = await fetch(this.url, { method: 'POST', headers, body })
    const answer = await sent.json().catch(() => ({ error: { code: sent.status } }))
    if (!answer.error) return answer.result
    const { code, message: detail } = answer.error
    throw Object.assign(new Error(method), { status: 502, code: `bridge-${code}`, detail })
  }
}
