// Calls of the API of our own from a page; refusals come as `Refused` with the problem's words.

export class Refused extends Error {
  constructor(problem, status) {
    super(problem.detail ? `${problem.title} ${problem.detail}` : problem.title)
    this.code = String(problem.type ?? '').split('/').pop()
    this.status = status
  }
}

const UNREADABLE = { title: 'The server did not answer as expected. Try again.', type: '' }

/** The API beside this page; `token` is the page's CSRF token, empty without a session. */
export function api(root, token = '') {
  async function call(method, path, body) {
    const headers = { Accept: 'application/json' }
    if (token) headers['X-CSRFToken'] = token
    if (body !== undefined) headers['Content-Type'] = 'application/json'
    const sent = { method, headers, credentials: 'same-origin', redirect: 'error' }
    if (body !== undefined) sent.body = JSON.stringify(body)
    const answer = await fetch(`${root}${path}`, sent)
    const content = await answer.json().catch(() => UNREADABLE)
    if (!answer.ok) throw new Refused(content, answer.status)
    return { content, isPending: answer.status === 202 }
  }
  return {
    get: (path) => call('GET', path),
    post: (path, body) => call('POST', path, body),
  }
}

/** What to tell a person about an error. */
export function told(error) {
  if (error instanceof Refused) return error.message
  if (error instanceof TypeError && /fetch/i.test(error.message)) {
    return 'The server could not be reached. Check the connection and try again.'
  }
  return 'Something went wrong in this browser. Load the page again and repeat it.'
}
