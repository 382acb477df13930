// How Thunderbird finds out how to set an account up, by its documented order: the domain's autoconfig at its own name and at the well-known
// address, each over HTTPS first and over HTTP then, with redirections followed; of each kind of server the first that it can use.
// Of the network only what `ask` gives it.

export type Found = {
  readonly from: string
  readonly incoming: FoundServer
  readonly outgoing: FoundServer
}

export type FoundServer = {
  readonly type: string
  readonly hostname: string
  readonly port: number
  readonly socketType: string
  readonly username: string
}

/** Undefined: nobody is there, or its certificate is not for this name. */
export type AskUrl = (url: string) => Promise<Response | undefined>

const REDIRECTIONS_MAX = 5
const usable = { authentication: ['password-cleartext'], socketType: ['SSL', 'STARTTLS'] }

export async function findSettings(address: string, ask: AskUrl): Promise<Found | undefined> {
  const [local = '', domain = ''] = address.split('@')
  const query = `?emailaddress=${encodeURIComponent(address)}`
  for (const scheme of ['https', 'http']) {
    const places = [
      `${scheme}://autoconfig.${domain}/mail/config-v1.1.xml${query}`,
      `${scheme}://${domain}/.well-known/autoconfig/mail/config-v1.1.xml`,
    ]
    for (const place of places) {
      const response = await follow(place, ask)
      if (response?.status !== 200) continue
      const xml = await response.text()
      const [incoming] = serversIn(xml, 'incoming')
      const [outgoing] = serversIn(xml, 'outgoing')
      if (incoming === undefined || outgoing === undefined) continue
      const filled = (server: FoundServer) => ({
        ...server,
        username: fill(server.username, { address, local, domain }),
      })
      return { from: place, incoming: filled(incoming), outgoing: filled(outgoing) }
    }
  }
  return undefined
}

async function follow(url: string, ask: AskUrl): Promise<Response | undefined> {
  let place = url
  for (let n = 0; n < REDIRECTIONS_MAX; n++) {
    const response = await ask(place)
    const location = response?.headers.get('location')
    if (response === undefined || location === null || location === undefined) return response
    place = new URL(location, place).href
  }
  return undefined
}

function serversIn(xml: string, kind: 'incoming' | 'outgoing'): readonly FoundServer[] {
  const blocks = xml.matchAll(
    new RegExp(`<${kind}Server type="(\\w+)">(.*?)</${kind}Server>`, 'gs'),
  )
  return [...blocks].flatMap(([, type = '', block = '']) => {
    const all = (name: string) =>
      [...block.matchAll(new RegExp(`<${name}>([^<]*)</${name}>`, 'g'))].map(
        ([, text = '']) => text,
      )
    const [hostname = '', port = '', socketType = '', username = ''] = [
      ...['hostname', 'port', 'socketType', 'username'].map((name) => all(name)[0] ?? ''),
    ]
    const canLogIn = all('authentication').some((one) => usable.authentication.includes(one))
    return canLogIn && usable.socketType.includes(socketType)
      ? [{ type, hostname, port: Number(port), socketType, username }]
      : []
  })
}

const fill = (text: string, of: { address: string; local: string; domain: string }) =>
  text
    .replaceAll('%EMAILADDRESS%', of.address)
    .replaceAll('%EMAILLOCALPART%', of.local)
    .replaceAll('%EMAILDOMAIN%', of.domain)
