// An admin's browser over plain HTTP: follows redirects, keeps cookies, fills in the forms of pages. No script runs.

const MOST_REDIRECTS = 10
const ENTITIES = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&#34;': '"', '&quot;': '"', '&#39;': "'" }

export class Admin {
  #cookies = new Map()
  url = ''
  page = ''

  /** The page behind the URL is shown, wherever redirects lead; one to `stopAt` is not followed. */
  async open(url, { stopAt, ...request } = {}) {
    for (let turn = 0; turn < MOST_REDIRECTS; turn += 1) {
      const answer = await fetch(url, {
        ...request,
        redirect: 'manual',
        headers: { accept: 'text/html', cookie: this.#cookiesFor(url), ...request.headers },
      })
      this.#keepCookies(url, answer)
      this.url = url
      this.page = await answer.text()
      const location = answer.headers.get('location')
      if (location === null) return answer
      url = new URL(location, url).href
      if (stopAt && url.startsWith(stopAt)) {
        this.url = url
        return answer
      }
      request = {}
    }
    throw new Error(`${url} redirects for ever`)
  }

  /** The only form of the page is filled in and sent with the button of this value. */
  async submit(values, { button, stopAt } = {}) {
    const form = /<form\b[^>]*\baction="([^"]*)"[^>]*>([\s\S]*?)<\/form>/.exec(this.page)
    if (form === null) throw new Error(`no form at ${this.url}: ${this.page}`)
    const body = new URLSearchParams()
    for (const [tag] of form[2].matchAll(/<input\b[^>]*>/g)) {
      const name = attribute(tag, 'name')
      if (name) body.set(name, values?.[name] ?? attribute(tag, 'value'))
    }
    if (button) {
      const [tag] = [...form[2].matchAll(/<button\b[^>]*>/g)].map(([tag]) => tag)
        .filter((tag) => attribute(tag, 'value') === button)
      if (!tag) throw new Error(`no button ${button} at ${this.url}`)
      body.set(attribute(tag, 'name'), button)
    }
    const target = new URL(unescape(form[1]), this.url).href
    return this.open(target, {
      method: 'POST', body, headers: { origin: new URL(this.url).origin }, stopAt,
    })
  }

  #cookiesFor(url) {
    return [...(this.#cookies.get(new URL(url).host) ?? new Map())].map((pair) => pair.join('=')).join('; ')
  }

  #keepCookies(url, answer) {
    const host = new URL(url).host
    const kept = this.#cookies.get(host) ?? new Map()
    for (const line of setCookies(answer.headers)) {
      const [name, value] = line.split(';', 1)[0].split(/=(.*)/s)
      kept.set(name, value)
    }
    this.#cookies.set(host, kept)
  }
}

/** Debian's Node 18 has a fetch that joins the lines of several cookies, and no way to ask for each. */
function setCookies(headers) {
  return headers.getSetCookie?.() ?? (headers.get('set-cookie') ?? '').split(/, (?=[^\s;,=]+=)/).filter(Boolean)
}

/** An account of the sandbox signs in at the node, and decides; returns the URL of the callback. */
export async function decide(authorizationUrl, redirectUri, { login = 'alice', button = 'accept' } = {}) {
  const admin = new Admin()
  await admin.open(authorizationUrl.href)
  await admin.submit({ login, password: `${login}-sandbox` })
  await admin.submit({}, { button, stopAt: redirectUri })
  return new URL(admin.url)
}

function attribute(tag, name) {
  return unescape(new RegExp(`\\b${name}="([^"]*)"`).exec(tag)?.[1] ?? '')
}

function unescape(text) {
  return text.replace(/&(?:amp|lt|gt|quot|#34|#39);/g, (entity) => ENTITIES[entity])
}
