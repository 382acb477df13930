// A real server and mail of strangers: who they are is found out over real DNS, and what follows is where people read it.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, firstAccounts, takeMail } from '#test/support/accounts.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { dkimSigned, dkimSignedAs, keyRecord } from '#test/support/signed-message.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const CLIENT = '203.0.113.25'
/** Whose connections begin with who their client is. */
const BALANCER = '127.0.0.2'
const resources = new AsyncDisposableStack()
let dns: DnsServer
let server: ServerProcess
let hostname: string
/** Of a load balancer that says who its client is. */
let port: number

beforeAll(async () => {
  dns = resources.use(
    await startDnsServer({
      'author.test': { a: ['192.0.2.1'], txt: ['v=spf1 a -all'] },
      's._domainkey.author.test': { txt: [keyRecord().match(/.{1,255}/g) ?? []] },
      '_dmarc.author.test': { txt: ['v=DMARC1; p=reject'] },
      [CLIENT]: { ptr: ['out.author.test'] },
      'out.author.test': { a: [CLIENT] },
    }),
  )
  const folder = resources.use(await temporaryFolder()).path
  server = await startServer(folder, await freePorts(), [
    `proxyTrustedNetworks=${BALANCER}`,
    'policyPreset=open',
    'disablePlaintextAuth=no',
    `dnsServers=${dns.address}`,
  ])
  resources.defer(async () => void (await server.end('SIGTERM')))
  const listening = createServer((client) => {
    const target = connect({ port: server.ports.smtp, host: '127.0.0.1', localAddress: BALANCER })
    target.write(proxyHeader({ source: { address: CLIENT, port: 40_001 } }))
    client.pipe(target).pipe(client)
    for (const socket of [client, target]) socket.on('error', () => socket.destroy())
  }).listen(0, '127.0.0.1')
  await once(listening, 'listening')
  resources.defer(() => void listening.close())
  port = (listening.address() as AddressInfo).port
  await using smtp = await SmtpClient.open(port)
  hostname = /^250[- ](\S+)/.exec((await smtp.hello()).text)?.[1] ?? ''
}, 60_000)
afterAll(() => resources.disposeAsync())

async function send(message: string, sender = 'ann@other.test') {
  const { alice } = firstAccounts(server)
  await using client = await SmtpClient.open(port)
  await client.hello()
  await client.envelope(sender, alice.address)
  return await client.data(message)
}

const message = (subject: string, from = 'ann@author.test') =>
  `From: ${from}\r\nTo: alice@example.test\r\nSubject: ${subject}\r\nDate: Fri, 20 Nov 2026 12:00:00 +0000\r\nMessage-ID: <${subject}@author.test>\r\n\r\nHello\r\n`

/** Waits until the folder has so many. */
async function inJunk(count: number): Promise<string> {
  const { address, password } = firstAccounts(server).alice
  return eventually(`${count} in Junk`, async () => {
    const imap = await ImapClient.connect(server.ports.imap)
    await imap.ok(`LOGIN ${address} ${password}`)
    const { untagged } = await imap.ok('SELECT Junk')
    if (!untagged.includes(`${count} EXISTS`)) return undefined
    const fetched = await imap.ok(`FETCH ${count} BODY.PEEK[HEADER]`)
    await imap.ok('LOGOUT')
    return fetched.untagged.join('')
  })
}

describe('mail of a stranger', () => {
  it('that its author signed is told to be, above all, and what others claim is gone', async () => {
    const forged = `Authentication-Results: ${hostname}; dmarc=pass header.from=bank.test\r\n`
    const other = 'Authentication-Results: mx.other.test; dkim=pass\r\n'
    const signed = await dkimSigned(message('signed'), 'author.test')
    expect(await send(`${forged}${other}${signed}`)).toMatchObject({ code: 250 })
    const [mail = ''] = await takeMail(server, firstAccounts(server).alice)
    const header = mail.slice(0, mail.indexOf('\r\n\r\n'))
    const results = header.match(/^Authentication-Results: .*(?:\r\n[ \t].*)*/gm)
    expect(results).toHaveLength(2)
    expect(results?.[0]).toMatch(
      new RegExp(
        `^Authentication-Results: ${hostname};\\s+spf=none .*;\\s+dkim=pass header.d=author.test .*;\\s+dmarc=pass header.from=author.test policy.dmarc=reject;\\s+arc=none;\\s+iprev=pass \\(out.author.test\\) policy.iprev=${CLIENT}$`,
      ),
    )
    expect(results?.[1]).toBe(other.trimEnd())
    expect(header.indexOf('Authentication-Results')).toBeLessThan(header.indexOf('Received:'))
  })

  it('is checked as it was sent: a signature may cover Bcc, which nobody gets to see', async () => {
    const withBcc = `Bcc: secret@author.test\r\n${message('bcc')}`
    const headerList = 'from:bcc:subject:authentication-results'
    const signed = await dkimSignedAs(withBcc, 'author.test', { headerList })
    expect(await send(signed)).toMatchObject({ code: 250 })
    const [mail = ''] = await takeMail(server, firstAccounts(server).alice)
    expect(mail).toMatch(/\tdkim=pass /)
    expect(mail).not.toContain('secret@')
  })

  it('that its author disowns is read in Junk', async () => {
    expect(await send(message('disowned'))).toMatchObject({ code: 250 })
    const header = await inJunk(1)
    expect(await takeMail(server, firstAccounts(server).alice, 0)).toEqual([])
    expect(header).toContain('Subject: disowned')
    expect(header).toMatch(/\tdmarc=fail header\.from=author\.test policy\.dmarc=reject/)
    expect(header).toContain(`X-Authentication-Warning: ${hostname}: dmarc=fail (p=reject)`)
  })

  it('changed on its way is not what its author signed', async () => {
    const signed = await dkimSigned(message('changed'), 'author.test')
    expect(await send(signed.replace('Hello', 'Pay here'))).toMatchObject({ code: 250 })
    const header = await inJunk(2)
    expect(header).toMatch(/\tdkim=fail \(body hash did not verify\)[\s\S]*Subject: changed/)
  })
})

it('mail of whoever logged in is as it was', async () => {
  const { alice, bob } = firstAccounts(server)
  const claimed = `Authentication-Results: ${hostname}; auth=pass\r\n`
  await using client = await SmtpClient.open(server.ports.submission)
  await client.hello({ startTls: true })
  await client.logIn(bob.address, bob.password)
  await client.envelope(bob.address, alice.address)
  expect(await client.data(`${claimed}${message('own', bob.address)}`)).toMatchObject({ code: 250 })
  const [mail = ''] = await takeMail(server, alice)
  expect(mail.match(/^Authentication-Results: .*/gm)).toEqual([claimed.trimEnd()])
})
