// The deployment as the templates describe it, run on this machine: mail comes in, is read, leaves and survives whatever dies.

import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { eventually } from '#test/support/accounts.ts'
import type { Task } from '#test/support/deployment/container-process.ts'
import type { RunningService } from '#test/support/deployment/container-service.ts'
import { deployLocally } from '#test/support/deployment/deployment.ts'
import {
  addAccounts,
  ann,
  bob,
  idle,
  letDueTimesPass,
  queueList,
  receive,
  submit,
  takeMail,
} from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { synthesize } from '#test/support/deployment/synthesize.ts'
import { dynamoDbEndpoint } from '#test/support/emulators/broker.ts'
import { freePort } from '#test/support/server-process.ts'
import { openSink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { messageBody, sendLoad } from '#test/support/smtp-load.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const dynamoDbUrl = await dynamoDbEndpoint(inject('emulatorBrokerUrl'))
const resources = new AsyncDisposableStack()
let relayPort: number
let deployment: Deployment

/** Seconds instead of the minutes that clients get to leave a task. */
const containerVariables = { DRAIN_SECONDS: '10' }

const file = (relayPort: number) => `
name = "local"
preset = "standard"
hostname = "mail.example.test"
certificate = "operator"
relayhost = "[127.0.0.1]:${relayPort}"

[mail]
minimalBackoffTime = "1s"
maximalBackoffTime = "1s"
`

describe.skipIf(dynamoDbUrl === undefined)('a deployment', () => {
  beforeAll(async () => {
    relayPort = await freePort()
    const { path } = resources.use(await temporaryFolder())
    synthesize(file(relayPort), join(path, 'cdk.out'))
    deployment = await deployLocally({
      assembly: join(path, 'cdk.out'),
      dynamoDbUrl: dynamoDbUrl ?? '',
      containerVariables,
    })
    resources.use(deployment)
    await addAccounts(deployment, ann, bob)
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

function subjects(messages: readonly string[]): readonly string[] {
  return messages.map((message) => /^Subject: (\S+)/m.exec(message)?.[1] ?? '').sort()
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
