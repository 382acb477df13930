import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createClientSetup,
  createClientSetupRedirect,
  REQUEST_BYTES_MAX,
} from '#services/client-setup/handler.ts'
import type { Actor } from '#shared/administration/rights/actor.ts'
import { hashOf } from '#shared/identity/secrets.ts'
import { SETUP_LINK_MS } from '#shared/identity/setup-links.ts'
import { parseAddress } from '#shared/mail/address.ts'
import type { Settings } from '#shared/settings/table.ts'
import { type Administered, hashOfA, openAdministration } from '#test/support/administration.ts'
import { openApi } from '#test/support/api.ts'
import { must } from '#test/support/must.ts'

let world: Administered
let settings: Settings

beforeAll(async () => {
  world = await openAdministration(['hostname=mx.ours.test', 'clientSetupRequestsPerMinute=0'])
  settings = world.pipeline.backend.settings
  await world.administration.domains.add({ domain: 'ours.test' })
  await world.administration.accounts.add({
    address: 'ann@ours.test',
    secret: hashOfA,
    displayName: 'Ann <&> "Example"',
  })
})
afterAll(() => world[Symbol.asyncDispose]())

const TLS = { address: '192.0.2.1', isSecure: true }

type Changes = { readonly [name in keyof Settings]?: Settings[name] }

function open(changes: Changes = {}) {
  const { directory, setupLinks, rates, clock } = world.pipeline.backend
  return createClientSetup({
    domains: directory.domains,
    links: setupLinks,
    certificate: undefined,
    settings: { ...settings, ...changes },
    ...{ rates, clock },
  })
}

async function ask(url: string, init: RequestInit = {}, changes: Changes = {}) {
  const response = must(await open(changes)(new Request(url, init), TLS))
  const { status, headers } = response
  return { status, type: headers.get('content-type'), headers, body: await response.text() }
}

const AUTOCONFIG = '/mail/config-v1.1.xml'
const posted = (body: string) => ({ method: 'POST', body })
const outlook = (address: string, schema = 'outlook/responseschema/2006a') =>
  posted(
    `<?xml version="1.0"?><Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006"><Request><EMailAddress>${address}</EMailAddress><AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/${schema}</AcceptableResponseSchema></Request></Autodiscover>`,
  )
const POX = 'https://autodiscover.ours.test/autodiscover/autodiscover.xml'

describe('autoconfig', () => {
  it.each([
    `https://autoconfig.ours.test${AUTOCONFIG}?emailaddress=ann@ours.test`,
    `https://ours.test/.well-known/autoconfig${AUTOCONFIG}`,
    `https://mx.ours.test${AUTOCONFIG}?domain=ours.test`,
    `https://AUTOCONFIG.Ours.test:8443${AUTOCONFIG}?emailaddress=nobody%40ours.test`,
  ])('answers %s', async (url) => {
    const { status, type, body } = await ask(url)
    expect({ status, type }).toEqual({ status: 200, type: 'text/xml; charset=utf-8' })
    expect(body).toContain('<emailProvider id="ours.test">')
    expect([...body.matchAll(/<port>(\d+)</g)].map(([, port]) => Number(port))).toEqual([
      993, 143, 995, 110, 465, 587,
    ])
  })

  it.each([
    `https://autoconfig.there.test${AUTOCONFIG}?emailaddress=ann@there.test`,
    `https://autoconfig.ours.test${AUTOCONFIG}?emailaddress=ann@there.test`,
    'https://autoconfig.ours.test/',
    'https://autoconfig.ours.test/api/v1/accounts',
  ])('has nothing at %s', async (url) => {
    expect((await ask(url)).status).toBe(404)
  })

  it('tells what listens, and no more', async () => {
    const off = { enabled: false, port: 1, address: [''] }
    const listeners = { ...settings.listeners, pop3: off, pop3s: off, imap: off }
    const { body } = await ask(
      `https://autoconfig.ours.test${AUTOCONFIG}`,
      {},
      {
        listeners,
        clientSetupPorts: [{ service: 'imaps', port: 9_930 }],
        clientSetupHost: 'i.test',
      },
    )
    expect(body).not.toContain('pop3')
    expect(body).toContain('<hostname>i.test</hostname>\n      <port>9930</port>')
    expect(body.match(/<incomingServer/g)).toHaveLength(1)
  })

  it('names the issuer where there is one, and is XML whatever it is called', async () => {
    const { body } = await ask(
      `https://autoconfig.ours.test${AUTOCONFIG}`,
      {},
      { oidcIssuer: 'https://login.test/a&b', clientSetupName: 'A <b> & "c"' },
    )
    expect(body).toContain('<issuer>https://login.test/a&amp;b</issuer>')
    expect(body).toContain('<displayName>A &lt;b&gt; &amp; &quot;c&quot;</displayName>')
    expect(body).toContain('<authentication>OAuth2</authentication>')
  })
})

describe('autodiscover', () => {
  it('answers what Outlook posts with the best of each protocol', async () => {
    const { status, body } = await ask(POX, outlook('ann@ours.test'))
    expect(status).toBe(200)
    const told = [...body.matchAll(/<Type>(\w+)<.*\n.*<Port>(\d+)<|<Port>(\d+)</g)]
    expect(told).toHaveLength(3)
    expect(body).toMatch(
      /<Type>IMAP<\/Type>\s+<Server>mx\.ours\.test<\/Server>\s+<Port>993<\/Port>\s+<LoginName>ann@ours\.test</,
    )
  })

  // Whoever asks learns of no account, by no door.
  it.each([
    (name: string) => ask(POX, outlook(`${name}@ours.test`)),
    (name: string) =>
      ask(`https://autoconfig.ours.test${AUTOCONFIG}?emailaddress=${name}@ours.test`),
    (name: string) =>
      ask(
        `https://ours.test/autodiscover/autodiscover.json?Email=${name}@ours.test&Protocol=AutodiscoverV1`,
      ),
  ])('and all else tells nothing of accounts (%#)', async (door) => {
    const [known, unknown] = [await door('ann'), await door('eve')]
    expect(unknown.body.replaceAll('eve', 'ann')).toBe(known.body)
    expect(unknown.status).toBe(known.status)
  })

  it('a profile without a password has nothing of the account either', async () => {
    const at = 'https://mx.ours.test/mail/profile.mobileconfig?email='
    expect((await ask(`${at}ann@ours.test`)).body).not.toContain('EmailAccountName')
    expect((await ask(`${at}eve@ours.test`)).status).toBe(200)
    expect((await ask(`${at}eve@there.test`)).status).toBe(404)
  })

  const dtd = '<!DOCTYPE a [<!ENTITY b "ann@ours.test">]>'
  it.each([
    ['GET', 600, {}],
    ['another schema', 601, outlook('ann@ours.test', 'mobilesync/responseschema/2006')],
    ['a domain that is not ours', 500, outlook('ann@there.test')],
    ['no address', 600, outlook('ann')],
    ['no XML', 600, posted('hello')],
    ['an entity', 600, posted(`${dtd}${outlook('&b;').body}`)],
    ['an entity that nobody knows', 600, outlook('&b;@ours.test')],
    ['elements that do not end', 600, posted('<a>'.repeat(2_000))],
    ['many comments', 600, posted('<!----><'.repeat(1_000))],
    ['tags that cross', 600, posted('<a><b></a></b>')],
  ])('says what is wrong with %s', async (_, code, init) => {
    const { status, body } = await ask(POX, init)
    expect(status).toBe(200)
    expect(body).toContain(`<ErrorCode>${code}</ErrorCode>`)
    expect(body).toMatch(/<Error Time="\d\d:\d\d:\d\d\.\d{3}" Id="\d+">/)
  })

  it('cannot be made to say what is no address', async () => {
    const { body } = await ask(POX, outlook('&quot;a&lt;/b&gt;&quot;@ours.test'))
    expect(body).toContain('<LoginName>&quot;a&lt;/b&gt;&quot;@ours.test</LoginName>')
  })

  it('reads so much and no more', async () => {
    const body = outlook('ann@ours.test').body
    const padded = (bytes: number) => body.padEnd(bytes, ' ')
    expect((await ask(POX, posted(padded(REQUEST_BYTES_MAX)))).body).toContain('<LoginName>')
    expect((await ask(POX, posted(padded(REQUEST_BYTES_MAX + 1)))).status).toBe(413)
  })

  it.each([
    ['?Email=ann@ours.test&Protocol=AutodiscoverV1', 200],
    ['/v1.0/ann@ours.test?Protocol=autodiscoverv1', 200],
    ['/v1.0/%ff?Protocol=AutodiscoverV1', 200], // of the host's domain
    ['?Email=ann@there.test&Protocol=AutodiscoverV1', 404],
    ['?Email=ann@ours.test&Protocol=ActiveSync', 400],
    ['?Email=ann@ours.test', 400],
  ])('leads from JSON %s (%i)', async (query, expected) => {
    const { status, body } = await ask(`https://ours.test/autodiscover/autodiscover.json${query}`)
    expect(status).toBe(expected)
    expect(JSON.parse(body)).toEqual(
      status === 200
        ? {
            Protocol: 'AutodiscoverV1',
            Url: 'https://mx.ours.test/autodiscover/autodiscover.xml',
          }
        : { ErrorCode: expect.any(String), ErrorMessage: expect.any(String) },
    )
  })
})

describe('the rest', () => {
  it('is the document of PACC, for services that are where all expect them', async () => {
    const at = 'https://ua-auto-config.ours.test/.well-known/user-agent-configuration.json'
    expect(JSON.parse((await ask(at)).body)).toEqual({
      protocols: {
        imap: { host: 'mx.ours.test' },
        pop3: { host: 'mx.ours.test' },
        smtp: { host: 'mx.ours.test' },
      },
      authentication: { password: true },
      info: { provider: { name: 'ours.test' } },
    })
    const moved = await ask(at, {}, { clientSetupPorts: [{ service: 'imaps', port: 9_930 }] })
    expect(Object.keys(JSON.parse(moved.body).protocols)).toEqual(['pop3', 'smtp'])
  })

  it('leads to where a password is changed, and to whom one tells of holes', async () => {
    const password = await ask('https://mx.ours.test/.well-known/change-password')
    expect(password.status).toBe(302)
    expect(password.headers.get('location')).toBe('https://mx.ours.test/me/security')
    const at = 'https://mx.ours.test/.well-known/security.txt'
    expect(await open()(new Request(at), TLS)).toBeUndefined()
    const { body } = await ask(at, {}, { securityContact: 'mailto:security@ours.test' })
    expect(body).toMatch(
      /^Contact: mailto:security@ours\.test\r\nExpires: \d{4}-\d\d-\d\dT00:00:00Z\r\n$/,
    )
  })

  it('is somebody else’s', async () => {
    for (const path of ['/', '/api/v1/accounts', '/me', '/setup/x.mobileconfig']) {
      expect(await open()(new Request(`https://mx.ours.test${path}`), TLS)).toBeUndefined()
    }
    const off = open({ clientSetup: false })
    expect(await off(new Request(`https://ours.test${AUTOCONFIG}`), TLS)).toBeUndefined()
  })

  it('is so much a minute, for each network', async () => {
    const limited = open({ clientSetupRequestsPerMinute: 2 })
    const statusOf = async (address: string) =>
      must(await limited(new Request(`https://ours.test${AUTOCONFIG}`), { ...TLS, address })).status
    expect([await statusOf('2001:db8::1'), await statusOf('2001:db8::2')]).toEqual([200, 200])
    expect(await statusOf('2001:db8::3')).toBe(429)
    expect(await statusOf('198.51.100.1')).toBe(200)
  })

  it.each([
    [
      `http://autoconfig.ours.test${AUTOCONFIG}?emailaddress=a@ours.test`,
      'emailaddress=a@ours.test',
    ],
    [`http://autoconfig.ours.test${AUTOCONFIG}`, 'domain=ours.test'],
    ['http://autodiscover.ours.test/autodiscover/autodiscover.xml', 'domain=ours.test'],
  ])('sends %s on to TLS', async (url, query) => {
    const redirect = createClientSetupRedirect({ settings })
    const { status, headers } = must(await redirect(new Request(url), { ...TLS, isSecure: false }))
    expect(status).toBe(302)
    expect(headers.get('location')).toBe(`https://mx.ours.test${new URL(url).pathname}?${query}`)
    // What it leads to is the answer.
    if (url.includes('config-v1.1')) {
      expect((await ask(must(headers.get('location')))).status).toBe(200)
    }
    expect((await redirect(new Request(url, { method: 'POST' }), TLS))?.status).toBe(403)
    expect(await redirect(new Request('http://autoconfig.ours.test/me'), TLS)).toBeUndefined()
  })
})

describe('the set-up of one phone', () => {
  async function make(body: object = {}, query = '') {
    const { backend } = world.pipeline
    const ann = must(await backend.directory.accounts.get(must(parseAddress('ann@ours.test'))))
    const as: Actor = {
      ...{ accountId: ann.id, name: 'ann@ours.test', role: 'holder', domains: [], scopes: null },
      ...{ via: 'cookie', steppedUpMs: world.clock.now() },
    }
    const line = `POST /accounts/ann@ours.test/setup${query}`
    return await openApi(backend).ask(line, { name: 'Phone', ...body }, { as })
  }

  it('has a password of its own, where it connects to, and a code for Thunderbird', async () => {
    const { status, body } = await make()
    expect(status).toBe(201)
    expect(body).toMatchObject({
      login: 'ann@ours.test',
      services: [
        { protocol: 'imap', host: 'mx.ours.test', port: 993, security: 'tls' },
        { protocol: 'smtp', host: 'mx.ours.test', port: 465, security: 'tls' },
      ],
      appPassword: { name: 'Phone', scopes: ['imap', 'smtp'] },
    })
    const { password } = body
    const name = 'Ann <&> "Example"'
    expect(JSON.parse(body.thunderbirdCode)).toEqual([
      1,
      [1, 1],
      [0, 'mx.ours.test', 993, 3, 1, 'ann@ours.test', 'ann@ours.test', password],
      [
        [
          [0, 'mx.ours.test', 465, 3, 1, 'ann@ours.test', password],
          ['ann@ours.test', name],
        ],
      ],
    ])
    expect((await make({ scopes: ['smtp'] })).body.thunderbirdCode).toBeNull()
  })

  it('is a profile that is given once, and not for long', async () => {
    const { body } = await make()
    const { counters } = world.pipeline.backend.store.tables
    const [, secret = ''] = /setup\/(\w+)/.exec(body.profile.url) ?? []
    const kept = await counters.get({ pk: `SETUP#${hashOf(secret)}`, sk: 'link' })
    expect(kept?.sealed).toEqual(expect.any(String))
    expect(Buffer.from(String(kept?.sealed), 'base64').toString('latin1')).not.toContain(
      body.password,
    )
    expect(JSON.stringify(kept)).not.toContain(secret)
    // Whoever only looks (a preview, a scanner) does not use it up.
    for (const method of ['GET', 'GET']) {
      const looked = await ask(body.profile.url, { method })
      expect(looked).toMatchObject({ status: 200, type: 'text/html; charset=utf-8' })
      expect(looked.body).not.toContain(body.password)
    }
    const post = () => ask(body.profile.url, { method: 'POST' })
    const both = await Promise.all([post(), post()])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404])
    const given = must(both.find(({ status }) => status === 200))
    expect(given.type).toBe('application/x-apple-aspen-config')
    expect(given.headers.get('cache-control')).toBe('no-store')
    expect(given.body).toContain(`<key>IncomingPassword</key>\n<string>${body.password}</string>`)
    expect(given.body).toContain('<string>Ann &lt;&amp;&gt; &quot;Example&quot;</string>')
    const late = await make()
    world.clock.advance(SETUP_LINK_MS)
    expect((await ask(late.body.profile.url, { method: 'POST' })).status).toBe(404)
  })

  it('rehearsed leaves no link', async () => {
    const { body } = await make({}, '?dryRun=true')
    const [url] = must(/https:[^"]*mobileconfig/.exec(JSON.stringify(body)))
    expect((await ask(url, { method: 'POST' })).status).toBe(404)
  })
})
