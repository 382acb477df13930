// The deployment as the templates describe it, run on this machine: mail comes in, is read, leaves and survives whatever dies.

import { QueryCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Account, eventually } from '#test/support/accounts.ts'
import type { Task } from '#test/support/deployment/container-process.ts'
import type { RunningService } from '#test/support/deployment/container-service.ts'
import {
  addAccounts,
  ann,
  bob,
  idle,
  letDueTimesPass,
  operate,
  queueList,
  receive,
  submit,
  takeMail,
} from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import {
  imapDialogue,
  logInWithScram,
  pop3Dialogue,
  ScramClient,
  smtpDialogue,
} from '#test/support/scram-client.ts'
import { freePort } from '#test/support/server-process.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { Wire } from '#test/support/wire.ts'
import { Connection } from '#test/transcripts/connection.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let relayPort: number
let deployment: Deployment

/** Seconds instead of the minutes that clients get to leave a task. */
const containerVariables = { DRAIN_SECONDS: '10' }

const quickRetries = `
minimalBackoffTime = "1s"
maximalBackoffTime = "1s"
authFailureDelay = "100ms"
`

describeDeployed('a deployment', () => {
  beforeAll(async () => {
    relayPort = await freePort()
    const file = deploymentFile(
      { preset: 'standard', relayhost: `[127.0.0.1]:${relayPort}` },
      quickRetries,
    )
    deployment = await deploy(resources, file, { containerVariables })
    // The first is postmaster.
    await addAccounts(deployment, ann)
    const words = ['account', 'add', bob.address, '--password-stdin']
    await operate(deployment, words, `${bob.password}\n`)
  })
  afterAll(() => resources.disposeAsync())

  it('has two tasks that are ready', () => {
    expect(deployment.service('edge').readyCount).toBe(2)
  })

  it('takes a message, tells clients on every task and gives it back as it was', async () => {
    const clients = [await idle(deployment, ann), await idle(deployment, ann)]
    const message = Buffer.from('Subject: Grüße\r\n\r\n.dot\r\n8-bit \xff\r\n', 'latin1')
    expect(await receive(deployment, ann.address, message)).toMatch(/^250 /)
    for (const client of clients) {
      expect(await client.readLine('delivery')).toBe('* 1 EXISTS')
      client.destroy()
    }
    const [taken = ''] = await takeMail(deployment, ann)
    expect(taken.endsWith(message.toString('latin1'))).toBe(true)
    expect(taken).toContain('\r\nReturn-Path: <friend@remote.test>\r\n')
  })

  it('refuses mail for nobody and relaying', async () => {
    expect(await receive(deployment, 'nobody@example.test', '')).toMatch(/^550 5\.1\.1 /)
    expect(await receive(deployment, 'somebody@remote.test', '')).toMatch(/^55\d /)
  })

  it('asks the function whose address stands in From', async () => {
    const from = (author: string) =>
      submit(deployment, ann, ann.address, `From: <${author}>\r\nSubject: as\r\n\r\n`)
    expect(await from('ann+list@example.test')).toMatch(/^250 /)
    expect(await from(bob.address)).toMatch(/^550 5\.7\.1 /)
    expect(await from('somebody@remote.test')).toMatch(/^550 5\.7\.1 /)
    expect(await takeMail(deployment, ann)).toHaveLength(1)
  })

  it.each([
    [993, imapDialogue, /^a1 OK /, ''],
    [995, pop3Dialogue, /^\+OK /, ''],
    [465, smtpDialogue, /^235 /, 'EHLO client.test\r\n'],
  ] as const)(
    'lets clients on port %i log in without showing their password',
    async (port, dialogue, good, hello) => {
      const logIn = async ({ address: login, password }: Account) => {
        const wire = await Wire.open(deployment.port(port), true)
        await wire.read((bytes) => bytes.includes('\r\n'))
        if (hello !== '') wire.write(hello)
        if (hello !== '') await wire.read((bytes) => /^250 .*\r\n$/m.test(bytes.toString()))
        const client = new ScramClient({ login, password })
        const outcome = await logInWithScram(dialogue(wire), 'SCRAM-SHA-256', client)
        wire.destroy()
        return { isGood: good.test(outcome.status), trusted: outcome.trusted }
      }
      expect(await logIn(ann)).toEqual({ isGood: true, trusted: true })
      expect(await logIn({ ...ann, password: bob.password })).toEqual({
        isGood: false,
        trusted: undefined,
      })
      expect(await logIn({ ...ann, address: 'nobody@example.test' })).toEqual({
        isGood: false,
        trusted: undefined,
      })
    },
  )

  it.each([
    [
      'is disabled',
      (address: string) => operate(deployment, ['account', 'set', address, '--disable']),
    ],
    [
      'has another password',
      (address: string) =>
        operate(deployment, ['account', 'set', address, '--password-stdin'], 'another one\n'),
    ],
    ['is removed', (address: string) => operate(deployment, ['account', 'remove', address])],
  ] as const)('ends the sessions of an account that %s on every task', async (change, make) => {
    const account = { address: `${change.replaceAll(' ', '-')}@example.test`, password: 'a secret' }
    const add = ['account', 'add', account.address, '--password-stdin']
    await operate(deployment, add, `${account.password}\n`)
    const idling = await onEveryTask(() => idle(deployment, account))
    const reading = await onEveryTask(() => pop3(account))
    const sending = await onEveryTask(() => submission(account))
    const { id } = JSON.parse(
      await operate(deployment, ['account', 'show', account.address, '--json']),
    )
    await eventually('both tasks watch it', async () => (await watches(`login/${id}`)) === 2)
    const others = [await idle(deployment, ann), await pop3(ann), await submission(ann)] as const

    await make(account.address)

    for (const client of idling)
      expect(await client.readLine('end')).toMatch(/^\* BYE .*log in again/)
    for (const { wire } of reading) {
      expect(await wire.closed()).toMatch(/^-ERR \[SYS\/TEMP\] .*log in again/)
    }
    for (const { wire } of sending) {
      expect(await wire.closed()).toMatch(/^421 4\.7\.0 .*log in again/)
    }
    expect(others[0].unread()).toBe('')
    expect(await others[1].command('NOOP')).toMatch(/^\+OK/)
    expect((await others[2].command('NOOP')).code).toBe(250)
    others[0].destroy()
    others[1].wire.destroy()
    others[2].wire.destroy()
  })

  it('sends submitted mail to the relay host, once, also when that was away', async () => {
    const message = 'From: <ann@example.test>\r\nSubject: out\r\n\r\nout\r\n'
    const reply = await submit(deployment, ann, 'somebody@remote.test', message)
    expect(reply).toMatch(/^250 /)
    const queueId = reply.split(' ').at(-1)
    await eventually('deferred', async () => {
      const queued = (await queueList(deployment)).find((each) => each.queueId === queueId)
      return queued?.groups.some(({ state }) => state === 'deferred')
    })
    await using sink = await openSink({ port: relayPort })
    await eventually('mail at the relay host', async () => {
      await deployment.runSchedules('1 minute')
      return sink.messages.length > 0
    })
    await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
    await deployment.runSchedules('1 minute')
    expect(sink.messages.map(({ envelope }) => envelope.rcptTo)).toMatchObject([
      [{ address: 'somebody@remote.test' }],
    ])
  })

  it('follows aliases again as the functions do when a message is released', async () => {
    await operate(deployment, ['alias', 'add', 'all@example.test', bob.address])
    await operate(deployment, ['account', 'set', bob.address, '--quota', '1B'])
    // Under the name of the host, which the machine of the operator does not have.
    const reply = await receive(deployment, 'all@mail.example.test', 'Subject: waits\r\n\r\n')
    expect(reply).toMatch(/^250 /)
    await eventually('deferred', async () =>
      (await queueList(deployment)).some(({ groups }) => groups[0]?.state === 'deferred'),
    )
    const queueId = reply.split(' ').at(-1) ?? ''
    await hold(queueId)
    await operate(deployment, ['account', 'set', bob.address, '--quota', '1MB'])
    await operate(deployment, ['queue', 'release', queueId])
    expect(subjects(await takeMail(deployment, bob))).toEqual(['waits'])
    await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
  })

  it('takes mail for postmaster, and shows folders that were opened to others', async () => {
    expect(await receive(deployment, 'postmaster', 'Subject: complaint\r\n\r\n')).toMatch(/^250 /)
    await operate(deployment, ['acl', 'set', ann.address, 'INBOX', bob.address, 'lrs'])
    expect(subjects(await takeMail(deployment, ann))).toEqual(['complaint'])
    expect(await receive(deployment, ann.address, 'Subject: for both\r\n\r\n')).toMatch(/^250 /)
    const client = await Connection.open({ port: deployment.port(993), implicitTls: true })
    resources.defer(async () => client.destroy())
    await answer(client, `LOGIN ${bob.address} "${bob.password}"`)
    const inbox = '"Other Users/ann@example.test/INBOX"'
    expect(await answer(client, 'LIST "" *')).toContain(inbox)
    await eventually('mail', async () => {
      const status = await answer(client, `STATUS ${inbox} (MESSAGES)`)
      return status.includes('MESSAGES 1')
    })
    await answer(client, `SELECT ${inbox}`)
    const fetched = await answer(client, 'FETCH 1 BODY[HEADER.FIELDS (SUBJECT)]')
    expect(fetched).toContain('Subject: for both')
    await operate(deployment, ['acl', 'remove', ann.address, 'INBOX', bob.address])
  })

  it('lets a task go: idle clients are told, what was begun is finished, nobody is refused', async () => {
    const edge = deployment.service('edge')
    await edge.start()
    await deployment.ready(edge, 3)
    const clients = await Promise.all([1, 2, 3].map(() => idle(deployment, ann)))
    const senders = await Promise.all([1, 2, 3].map(() => SmtpClient.open(deployment.port(25))))
    for (const sender of senders) {
      await sender.hello()
      await sender.envelope('friend@remote.test', bob.address)
    }
    const [task] = edge.tasks
    const stopping = task && edge.stop(task)
    for (const sender of senders) {
      expect((await sender.data('Subject: begun\r\n\r\n')).text).toMatch(/^250 /)
      sender.wire.destroy()
    }
    expect(await receive(deployment, bob.address, 'Subject: new\r\n\r\n')).toMatch(/^250 /)
    expect(await stopping).toBe(0)
    await eventually('a BYE', () => clients.some((client) => /^\* BYE /.test(client.unread())))
    expect(clients.filter((client) => client.unread() === '')).toHaveLength(2)
    for (const client of clients) client.destroy()
    expect(subjects(await takeMail(deployment, bob, 4))).toEqual(['begun', 'begun', 'begun', 'new'])
  })

  it('loses and doubles nothing when tasks and functions are killed at work', async () => {
    const edge = deployment.service('edge')
    const cleanup = deployment.function('cleanup')
    const accepted: string[] = []
    const victims = [...edge.tasks]
    const kills: Promise<void>[] = []
    await using _clock = deployment.runSchedulesEvery(1_000, '1 minute')
    let events = 0
    cleanup.onEvent = (_, pid) => {
      // Some at once, some in the middle, some when they have answered already.
      const afterMs = [0, 10, undefined, 40, 80][events++]
      if (afterMs !== undefined) setTimeout(() => killIfAlive(pid), afterMs)
    }
    let count = 0
    const load = () =>
      sendLoad({
        port: deployment.port(25),
        next() {
          if (count >= MESSAGES) return undefined
          const token = `kill-${count++}`
          return { message: { token, recipients: [bob.address] }, body: messageBody(token, 20_000) }
        },
        accepted({ token }) {
          accepted.push(token)
          if (accepted.length % (MESSAGES / 3) !== 0) return
          const victim = victims.pop()
          if (victim !== undefined) kills.push(replace(edge, victim))
        },
      })
    while (count < MESSAGES) await Promise.all([load(), load(), load(), load()])
    await Promise.all(kills)
    cleanup.onEvent = () => {}
    await deployment.ready(edge, 2)
    await settled()
    const taken = subjects(await takeMail(deployment, bob, accepted.length))
    expect(taken.filter((token, i) => taken.indexOf(token) !== i)).toEqual([])
    expect(accepted.filter((token) => !taken.includes(token))).toEqual([])
  })

  it('was never refused anything', () => {
    expect(deployment.gateway.refusals()).toEqual([])
    expect(deployment.pollingFailures).toEqual([])
  })
})

const MESSAGES = 30

/** All lines that answer a command, which must be OK. */
async function answer(client: Connection, command: string): Promise<string> {
  await client.write(Buffer.from(`a ${command}\r\n`))
  const lines: string[] = []
  do lines.push(await client.readLine(command))
  while (!lines.at(-1)?.startsWith('a '))
  expect(lines.at(-1)).toMatch(/^a OK/)
  return lines.join('\n')
}

function subjects(messages: readonly string[]): readonly string[] {
  return messages.map((message) => /^Subject: (\S+)/m.exec(message)?.[1] ?? '').sort()
}

/** What the load balancer hands to one task after the other. */
async function onEveryTask<T>(open: () => Promise<T>): Promise<readonly T[]> {
  const opened: T[] = []
  for (const _ of deployment.service('edge').tasks) opened.push(await open())
  return opened
}

async function pop3({ address, password }: Account): Promise<Pop3Client> {
  const client = await Pop3Client.open(deployment.port(995), { tls: true })
  expect(await client.logIn(address, password)).toMatch(/^\+OK/)
  return client
}

async function submission({ address, password }: Account): Promise<SmtpClient> {
  const client = await SmtpClient.open(deployment.port(465), { tls: true })
  await client.hello()
  expect((await client.logIn(address, password)).code).toBe(235)
  return client
}

/** Between two attempts: it is tried every second, and nobody takes it from whoever delivers it this moment. */
async function hold(queueId: string): Promise<void> {
  await eventually('a message on hold', () =>
    operate(deployment, ['queue', 'hold', queueId]).then(
      () => true,
      (error) => {
        if (!String(error).includes('is being delivered this moment')) throw error
        return false
      },
    ),
  )
}

/** How many tasks watch this topic. */
async function watches(topic: string): Promise<number> {
  const query = new QueryCommand({
    TableName: deployment.table('Mail'),
    KeyConditionExpression: 'pk = :pk',
    ExpressionAttributeValues: { ':pk': { S: `W#${topic}` } },
  })
  return (await deployment.clients.dynamo.send(query)).Count ?? 0
}

function killIfAlive(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has ended by itself.
  }
}

async function replace(service: RunningService, task: Task): Promise<void> {
  await service.kill(task)
  await service.start()
}

/** Lets time pass until nothing is left to do: for bells that died with a worker, and those that died with a task. */
async function settled(): Promise<void> {
  await letDueTimesPass(deployment)
  await eventually('an empty queue', async () => {
    // Not what is at work: five receives make a dead letter.
    if (deployment.function('cleanup').busyPids.length === 0)
      deployment.expireVisibility('incoming')
    return (await queueList(deployment)).length === 0
  })
}
