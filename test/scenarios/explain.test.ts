// Beside a real server: why mail was taken or refused, what would be said to mail that might come, and what other settings would have made
// of mail that came.

import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, firstAccounts } from '#test/support/accounts.ts'
import { commandLine } from '#test/support/command-line.ts'
import { type DnsServer, startDnsServer } from '#test/support/dns-server.ts'
import { proxyHeader } from '#test/support/proxy-header.ts'
import { freePorts, type ServerProcess, startServer } from '#test/support/server-process.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const CLIENT = '203.0.113.25'
/** Of CLIENT, as lists are asked. */
const REVERSED = '25.113.0.203'
/** Whose connections begin with who their client is. */
const BALANCER = '127.0.0.2'
const resources = new AsyncDisposableStack()
let dns: DnsServer
let server: ServerProcess
/** Of a load balancer that says who its client is. */
let port: number
let settings: readonly string[]

beforeAll(async () => {
  dns = resources.use(
    await startDnsServer({
      'author.test': { a: [CLIENT], txt: ['v=spf1 a -all'], mx: ['10 author.test'] },
    }),
  )
  const folder = resources.use(await temporaryFolder()).path
  settings = [
    'policyPreset=open',
    'dnsListTest=no',
    `dnsServers=${dns.address}`,
    'smtpdSenderRestrictions=reject_unknown_sender_domain',
    'smtpdRecipientRestrictions=reject_rbl_client list.test',
  ]
  server = await startServer(folder, await freePorts(), [
    `proxyTrustedNetworks=${BALANCER}`,
    'disablePlaintextAuth=no',
    ...settings,
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
}, 60_000)
afterAll(() => resources.disposeAsync())

const policy = (words: readonly string[], others: readonly string[] = []) => {
  const set = [...settings, ...others].flatMap((one) => ['--set', one])
  return commandLine(['policy', ...words, '--data', server.directory, ...set])
}

/** Its queue id. */
async function send(): Promise<string> {
  await using client = await SmtpClient.open(port)
  await client.hello()
  await client.envelope('ann@author.test', firstAccounts(server).alice.address)
  const { text } = await client.data('From: ann@author.test\r\nSubject: x\r\n\r\nHello\r\n')
  const [, queueId] = /queued as (\w+)/.exec(text) ?? []
  if (queueId === undefined) throw new Error(text)
  return queueId
}

/** Once it is recorded, which is behind the answer. */
const explained = (queueId: string) =>
  eventually('recorded', async () => {
    const { code, stdout } = await policy(['explain', queueId])
    return code === 0 && stdout.includes('content') ? stdout : undefined
  })

describe('what was decided', () => {
  let queueId: string
  beforeAll(async () => {
    queueId = await send()
    await explained(queueId)
  })

  it('is explained step by step, to the filters', async () => {
    const text = await explained(queueId)
    const { address } = firstAccounts(server).alice
    expect(text).toMatch(new RegExp(`^client ${CLIENT} at smtp, .*sender <ann@author.test>`, 's'))
    expect(text).toMatch(new RegExp(`recipient ${address}: taken\n`))
    expect(text).toMatch(/\n {2}sender\n(?: {4}.*\n)*? {4}reject_unknown_sender_domain +-\n/)
    expect(text).toMatch(/\n {4}reject_rbl_client list.test +-\n/)
    expect(text).toMatch(new RegExp(`\n {4}A ${REVERSED}.list.test +no such name\n`))
    expect(text).toMatch(/\n {2}content\n {4}authentication +- \(\d+ ms\)\n {6}spf=pass/)
    expect(text.split('\n').every(({ length }) => length <= 80)).toBe(true)
  })

  it('is data, too, and its story is in the log', async () => {
    const { stdout } = await policy(['explain', queueId.toLowerCase(), '--json'])
    expect(JSON.parse(stdout).map(({ ask }: { ask: string }) => ask)).toEqual([
      'recipient',
      'content',
    ])
    const story = await eventually('delivered', async () => {
      const lines = server.output().split('\n')
      const all = lines.filter((line) => line.includes(queueId)).map((line) => JSON.parse(line))
      return all.some(({ message }) => message === 'delivered') ? all : undefined
    })
    expect(story.map(({ message }) => message)).toEqual([
      'message authenticated',
      'message accepted',
      'delivered',
    ])
    expect(story[1]).toMatchObject({
      remoteAddress: CLIENT,
      from: 'ann@author.test',
      content: [{ step: 'authentication', found: expect.stringMatching(/^spf=pass/) }],
    })
  })

  it('is decided again by other settings, and the exit status says whether that matters', async () => {
    const same = await policy(['replay', '--since', '1h'])
    expect(same).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+ verdicts? since /) })
    const other = await policy(['replay'], ['smtpdSenderRestrictions=reject'])
    expect(other.code).toBe(2)
    expect(other.stdout).toMatch(/ {2}\d+ {2}taken -> 554 5\.7\.1 \(reject\)\n/)
    expect(other.stdout).toMatch(new RegExp(`${queueId} ${CLIENT} <ann@author.test> recipient`))
  })

  it('is not known where it hangs on what was not asked, unless it is asked now', async () => {
    const asks = ['smtpdRecipientRestrictions=reject_rbl_client other.test']
    const blind = await policy(['replay', '--json'], asks)
    expect(blind).toMatchObject({ code: 2, stderr: expect.stringContaining('0 would be others') })
    expect(JSON.parse(blind.stdout).undecided.kinds).toMatchObject([{ kind: 'A below other.test' }])
    dns.set(`${REVERSED}.other.test`, { a: ['127.0.0.2'] })
    const live = await policy(['replay', '--live', '--json'], asks)
    expect(live.code).toBe(2)
    const { changed, undecided } = JSON.parse(live.stdout)
    expect(undecided.count).toBe(0)
    expect(changed.kinds).toMatchObject([
      { kind: 'taken -> 554 5.7.1 (reject_rbl_client other.test)' },
    ])
  })
})

describe('what would be decided', () => {
  const words = () => [
    'explain',
    ...['--client', CLIENT, '--helo', 'author.test', '--sender', 'ann@author.test'],
    ...['--recipient', firstAccounts(server).alice.address],
  ]

  it('is asked now, of another name server where one is given, and leaves nothing', async () => {
    await using other = await startDnsServer({
      'author.test': { a: [CLIENT], mx: ['10 author.test'] },
      [`${REVERSED}.list.test`]: { a: ['127.0.0.2'], txt: ['spams'] },
    })
    const taken = await policy(words())
    expect(taken.stdout).toMatch(/recipient \S+: taken\n/)
    const refused = await policy([...words(), '--dns', other.address, '--json'])
    const [decided, ...more] = JSON.parse(refused.stdout)
    expect(more).toEqual([])
    expect(decided.verdict).toMatchObject({
      kind: 'reject',
      restriction: 'reject_rbl_client list.test',
      reply: { code: 554, text: expect.stringContaining('spams') },
    })
    const { code } = await policy(['explain', decided.request.queueId])
    expect(code).toBe(1)
  })

  it('is asked of somebody who logged in, too', async () => {
    const { alice } = firstAccounts(server)
    const from = ['--sender', 'other@example.test', '--login', alice.address]
    const { stdout } = await policy([...words(), ...from])
    expect(stdout).toMatch(/reject_sender_login_mismatch +refuses\n/)
    expect(stdout).toMatch(/at submission, .*TLS TLSv1.3/)
  })

  it.each([
    [['explain'], 'give a queue id, or --client and --recipient'],
    [['explain', 'x y'], "'x y' is no queue id"],
    [['explain', '--client', 'x', '--recipient', 'a@b.test'], "--client: 'x' is no IP address"],
    [['explain', '01M8NBBSB4Q8DE939D'], 'nothing is recorded of 01M8NBBSB4Q8DE939D'],
    [['replay', '--since', 'long'], "--since cannot be 'long'"],
  ])('%j is a mistake', async (given, said) => {
    const ended = await policy(given)
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining(said) })
  })
})
