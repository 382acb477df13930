// Every permission of the templates is there for something: this deployment does all that one may, at its borders too, and what
// nothing needed stands with its reason in unused-allowances.json.

import { createHash } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3'
import { CreateQueueCommand, ListQueuesCommand } from '@aws-sdk/client-sqs'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { HELD_BYTES_MAX } from '#shared/directory/access-tables.ts'
import { newQueueId } from '#shared/mail/queue-id.ts'
import { makeSelfSigned } from '#shared/net/tls/self-signed.ts'
import { queueLayouts } from '#shared/storage/ports.ts'
import { eventually } from '#test/support/accounts.ts'
import { allAllowances, unusedAllowances } from '#test/support/deployment/allowances.ts'
import { type FaultyBackend, openFaultyBackend } from '#test/support/deployment/faulty-backend.ts'
import {
  addAccounts,
  ann,
  bob,
  idle,
  letDueTimesPass,
  letGraceTimesPass,
  operate,
  queueList,
  receive,
  submit,
  takeMail,
} from '#test/support/deployment/mail.ts'
import { localPlace } from '#test/support/deployment/place.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { activateScript } from '#test/support/deployment/scripts.ts'
import { secretArnOf } from '#test/support/deployment/secret-arn.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { freePort } from '#test/support/server-process.ts'
import { openSink, type Sink } from '#test/support/sink-smtp.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import type { Connection } from '#test/transcripts/connection.ts'
import { deploy, deploymentFile, describeDeployed, dynamoDbUrl } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment
let tables: FaultyBackend
let sink: Sink
let downPort: number
const replies: { rcpt: (address: string) => string | undefined } = { rcpt: () => undefined }

const greylisted = 'grey@example.test'
const file = (relayPort: number, downPort: number) =>
  deploymentFile(
    {
      preset: 'standard',
      relayhost: `[localhost]:${relayPort}`,
      relaySecretArn: secretArnOf('relay', localPlace),
    },
    [
      'policyPreset = "open"',
      'minimalBackoffTime = "1s"',
      'maximalBackoffTime = "1s"',
      'smtpdRelayRestrictions = "permit_pop_before_smtp, permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination"',
      'smtpdDataRestrictions = "reject_multi_recipient_bounce"',
      'smtpdSenderRestrictions = "check_sender_access table:senders"',
      'smtpdRecipientRestrictions = "check_policy_service postgrey"',
      `postgreyRecipients = "${greylisted}"`,
      'postgreyShippedLists = "no"',
      'postgreyDelay = "1s"',
      'compromisedAccountAction = "freeze"',
      'accountNewDestinationLimit = 2',
      'accountBounceLimit = 1',
      'senderBccMaps = "table:maps"',
      'recipientCanonicalMaps = "table:maps"',
      'smtpGenericMaps = "table:maps"',
      `transportMaps = "inline:{ down.test=smtp:[localhost]:${downPort} }"`,
    ].join('\n'),
  )
const DAY_MS = 24 * 3_600_000
const FLUSHED_AGAIN_MS = 2_000
const MB = 1_048_576

describeDeployed('permissions', () => {
  beforeAll(async () => {
    const relayPort = await freePort()
    downPort = await freePort()
    const { path } = resources.use(await temporaryFolder())
    // Passwords go to hosts only whose certificate is trusted.
    const certificate = makeSelfSigned('localhost', new Date())
    const authorities = join(path, 'authorities.pem')
    await writeFile(authorities, certificate.cert)
    sink = resources.use(
      await openSink({
        port: relayPort,
        rcpt: (address) => replies.rcpt(address),
        options: certificate,
      }),
    )
    tables = resources.use(await openFaultyBackend(dynamoDbUrl))
    deployment = await deploy(resources, file(relayPort, downPort), {
      dynamoDbUrl: tables.url,
      secrets: { relay: JSON.stringify({ user: 'postwolke', password: 'of the relay' }) },
      authorities,
      containerVariables: { DRAIN_SECONDS: '1' },
    })
    await addAccounts(deployment, ann, bob)
  })
  afterEach(() => {
    deployment.function('cleanup').onEvent = deployment.function('delivery').onEvent = () => {}
    tables.fails = () => false
  })
  afterAll(() => resources.disposeAsync())

  it('let a session tell others on another task', async () => {
    const [reader, writer] = [await idle(deployment, ann), await idle(deployment, ann)]
    await watching(2)
    await writer.write(Buffer.from('DONE\r\n'))
    await tagged(writer, 'c')
    const message = 'Subject: appended\r\n\r\n'
    await say(writer, `APPEND INBOX {${message.length}+}\r\n${message}`)
    expect(await reader.readLine('hint')).toBe('* 1 EXISTS')
    expect(await receive(deployment, ann.address, 'Subject: received\r\n\r\n')).toMatch(/^250 /)
    expect(await reader.readLine('hint')).toBe('* 2 EXISTS')
    reader.destroy()
    await say(writer, 'CREATE a/b')
    await say(writer, 'RENAME a/b a/c')
    await say(writer, 'COPY 1 a/c')
    await say(writer, 'STORE 1 +FLAGS (\\Flagged)')
    await say(writer, 'MOVE 1 Trash')
    await say(writer, 'SELECT a/c')
    await say(writer, 'FETCH 1 (ENVELOPE BODY[])')
    await say(writer, 'STORE 1 +FLAGS (\\Deleted)')
    await say(writer, 'EXPUNGE')
    await say(writer, 'DELETE a/c')
    writer.destroy()
  })

  it('let the watches of tasks that died be forgotten', async () => {
    await watching(0)
    const reader = await idle(deployment, ann)
    await watching(1)
    await watchAsDeadTask()
    const forgotten = used('cleanup', 'dynamodb:BatchWriteItem')
    expect(await receive(deployment, ann.address, 'Subject: hint\r\n\r\n')).toMatch(/^250 /)
    await forgotten
    reader.destroy()
  })

  it('let an old server be asked about who has no account here', async () => {
    const place = ['--smtp', `[localhost]:${sink.port}`, '--imap', 'imaps://127.0.0.1:1']
    await operate(deployment, ['domain', 'add', 'old.test'])
    await operate(deployment, ['front', 'source', 'add', 'old', ...place])
    await operate(deployment, ['front', 'set', 'old.test', 'old'])
    await using smtp = await SmtpClient.open(deployment.port(25))
    await smtp.hello()
    expect((await smtp.envelope('friend@remote.test', 'guest@old.test')).code).toBe(250)
    await operate(deployment, ['front', 'end', 'old.test'])
    await operate(deployment, ['front', 'source', 'remove', 'old'])
    await operate(deployment, ['domain', 'remove', 'old.test', '--yes'])
  })

  it('let logins be counted, forgotten and improved', async () => {
    const old = { address: 'old@example.test', password: 'an old secret' }
    const hash = createHash('sha512').update(old.password).digest('base64')
    await operate(deployment, ['account', 'add', old.address, '--password-hash', `{SHA512}${hash}`])
    const wrong = { ...old, password: 'wrong' }
    expect(await logIn(wrong)).toMatch(/^-ERR /)
    await letCountersExpire()
    expect(await logIn(wrong)).toMatch(/^-ERR /)
    expect(await logIn(old)).toMatch(/^\+OK /)
    const shown = await eventually('a better hash', async () => {
      const text = await operate(deployment, ['account', 'show', old.address])
      return !text.includes('SHA512') && text
    })
    expect(shown).toContain('argon2id')
    expect(await logIn(old)).toMatch(/^\+OK /)
  })

  it('let an access table be asked, small and large', async () => {
    const refused = () =>
      eventually('a sender that is refused', async () => {
        await using smtp = await SmtpClient.open(deployment.port(25))
        await smtp.hello()
        return (await smtp.envelope('s@refused.test', ann.address)).text.startsWith('554 5.7.1')
      })
    await operate(deployment, ['access', 'set', 'senders', 'refused.test', 'REJECT'])
    await refused()
    const entry = (n: number) => `n${n}.test OK ${'x'.repeat(9_900)}\n`
    const many = Array.from({ length: Math.ceil(HELD_BYTES_MAX / 9_900) }, (_, n) => entry(n))
    await operate(deployment, ['access', 'import', 'senders', '-'], many.join(''))
    await refused()
    await operate(deployment, ['access', 'remove', 'senders', '--yes'])
  })

  it('let scripts remember what they saw', async () => {
    const script = 'require "duplicate"; if duplicate :last { discard; }'
    await activateScript(deployment, bob.address, script)
    const text = 'Message-ID: <1@remote.test>\r\nSubject: seen\r\n\r\nx\r\n'
    expect(await receive(deployment, bob.address, text)).toMatch(/^250 /)
    expect(await takeMail(deployment, bob)).toHaveLength(1)
    const prolonged = used('deliveryRole', 'dynamodb:UpdateItem', /SIEVE#/)
    expect(await receive(deployment, bob.address, text)).toMatch(/^250 /)
    await prolonged
    // What is put off on the spot, further down, is not left to delivery.
    await activateScript(deployment, bob.address, null)
    const session = await idle(deployment, bob)
    await session.write(Buffer.from('DONE\r\n'))
    await tagged(session, 'c')
    for (let n = 0; n < 2; n++) await say(session, `APPEND INBOX {${text.length}+}\r\n${text}`)
    await say(session, `FILTER SIEVE SCRIPT {${script.length}+}\r\n${script} ALL`)
    await say(session, 'EXPUNGE')
    await say(session, 'STORE 1:* +FLAGS (\\Deleted)')
    await say(session, 'EXPUNGE')
    session.destroy()
  })

  it('let a listener record what it decided itself', async () => {
    await using smtp = await SmtpClient.open(deployment.port(25))
    await smtp.hello()
    await smtp.command('MAIL FROM:<>')
    for (const to of [ann.address, bob.address]) await smtp.command(`RCPT TO:<${to}>`)
    const recorded = used('edgeTaskTaskRole', 'dynamodb:BatchWriteItem')
    expect((await smtp.command('DATA')).text).toMatch(/^550 5\.5\.3 /)
    await recorded
  })

  it('let a client that is greylisted come again', async () => {
    await operate(deployment, ['alias', 'add', greylisted, ann.address])
    const replyToRcpt = async () => {
      await using smtp = await SmtpClient.open(deployment.port(25))
      await smtp.hello()
      return (await smtp.envelope('friend@remote.test', greylisted)).text
    }
    expect(await replyToRcpt()).toMatch(/^450 4\.2\.0 .*Greylisted/)
    await eventually('a second try that is taken', async () =>
      (await replyToRcpt()).startsWith('250'),
    )
  })

  it('let an upload that was cut off be taken back', async () => {
    const smtp = await SmtpClient.open(deployment.port(25))
    await smtp.hello()
    await smtp.envelope('friend@remote.test', ann.address)
    await smtp.command('DATA')
    smtp.wire.write(
      Buffer.from(`Subject: long\r\n\r\n${`${'x'.repeat(76)}\r\n`.repeat((9 * MB) / 78)}`),
    )
    await used('edgeTaskTaskRole', 's3:PutObject')
    await smtp[Symbol.asyncDispose]()
    await used('edgeTaskTaskRole', 's3:AbortMultipartUpload')
  })

  it('let mail wait for a mailbox that was full', async () => {
    await operate(deployment, ['alias', 'add', 'all@example.test', bob.address])
    await operate(deployment, ['account', 'set', bob.address, '--quota', '1B'])
    expect(await receive(deployment, 'all@example.test', 'Subject: waits\r\n\r\n')).toMatch(/^250 /)
    await eventually('deferred', async () =>
      (await queueList(deployment)).some(({ groups }) => groups[0]?.state === 'deferred'),
    )
    await watching(0)
    const reader = await idle(deployment, bob)
    await watching(1)
    await watchAsDeadTask()
    // Not earlier: its bell comes every second.
    await operate(deployment, ['account', 'set', bob.address, '--quota', '1MB'])
    await letDueTimesPass(deployment)
    await deployment.runSchedules('1 minute')
    expect(await reader.readLine('hint')).toBe('* 1 EXISTS')
    reader.destroy()
    expect(await takeMail(deployment, bob)).toHaveLength(1)
  })

  it('let a message that no worker survives be set aside, until the operator wants it delivered', async () => {
    const cleanup = deployment.function('cleanup')
    const { accessKeyId } = deployment.inventory.role(cleanup.definition.roleArn)
    // It dies of the message, not before it: what never started is not held against a message.
    tables.fails = (key, action) => {
      if (key !== accessKeyId || action !== 'TransactWriteItems') return false
      for (const pid of cleanup.busyPids) process.kill(pid, 'SIGKILL')
      return true
    }
    const reply = await receive(deployment, bob.address, 'Subject: poison\r\n\r\n')
    const queueId = reply.split(' ').at(-1) ?? ''
    await deadLetter('cleanup', 'incoming', 'message set aside as corrupt')
    const found = (await queueList(deployment)).find((each) => each.queueId === queueId)
    expect(found).toMatchObject({ state: 'corrupt', reason: 'no worker survived this message' })
    expect(deployment.queued('incoming')).toEqual([])
    tables.fails = () => false
    await operate(deployment, ['queue', 'release', queueId])
    expect((await takeMail(deployment, bob))[0]).toContain('Subject: poison')
  })

  it('let a delivery that no worker survives wait for its time', async () => {
    poison('delivery', 'active')
    const message = 'From: <ann@example.test>\r\nSubject: poison\r\n\r\n'
    expect(await submit(deployment, ann, 'somebody@remote.test', message)).toMatch(/^250 /)
    await deadLetter('delivery', 'active', 'no worker survived this delivery')
    expect(sink.messages).toHaveLength(0)
    deployment.function('delivery').onEvent = () => {}
    await letDueTimesPass(deployment)
    await deployment.runSchedules('1 minute')
    await eventually('mail at the relay host', () => sink.messages.length > 0)
    await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
    expect(sink.messages).toMatchObject([{ user: 'postwolke/of the relay' }])
  })

  it.each([
    ['cleanup', bob.address, 'TransactWriteItems'],
    ['delivery', 'else@remote.test', 'UpdateItem'],
  ] as const)(
    'let %s bring a bell forward when the tables were away',
    async (name, to, failing) => {
      const lambda = deployment.function(name)
      const { accessKeyId } = deployment.inventory.role(lambda.definition.roleArn)
      // Cleanup could not even read its messages, and leaves them to their visibility: it must fail later.
      tables.fails = (key, action) => key === accessKeyId && action === failing
      const message = 'From: <ann@example.test>\r\nSubject: later\r\n\r\n'
      expect(await submit(deployment, ann, to, message)).toMatch(/^250 /)
      await used(`${name}Role`, 'sqs:ChangeMessageVisibility')
      tables.fails = () => false
      await letDueTimesPass(deployment)
      await deployment.runSchedules('1 minute')
      await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
    },
  )

  it('let a delivery keep the recipients that were refused for now', async () => {
    const refused = new Set(['later@remote.test'])
    replies.rcpt = (address) => (refused.delete(address) ? '450 4.2.0 not now' : undefined)
    // Whether this author is ann too the function policy has to look up, and then counts what she sends.
    const message = 'From: <ann+two@example.test>\r\nSubject: two\r\n\r\n'
    const to = ['now@remote.test', 'later@remote.test']
    const before = sink.messages.length
    expect(await submit(deployment, ann, to, message)).toMatch(/^250 /)
    await eventually('the first', () => sink.messages.length === before + 1)
    await eventually('both', async () => {
      await letDueTimesPass(deployment)
      await deployment.runSchedules('1 minute')
      return sink.messages.length > before + 1
    })
    expect(sink.messages.slice(before).map(({ envelope }) => envelope.rcptTo)).toMatchObject(
      to.map((address) => [{ address }]),
    )
  })

  it('let a host that does not answer be told of, until an operator knows better', async () => {
    await operate(deployment, ['alias', 'add', 'down@example.test', 'x@down.test'])
    const told = used('deliveryRole', 'dynamodb:UpdateItem', /DESTINATION/)
    const reply = await receive(deployment, 'down@example.test', 'Subject: down\r\n\r\n')
    expect(reply).toMatch(/^250 /)
    await told
    // Its bell is one of those that were put off, now.
    const { accessKeyId } = deployment.inventory.role(
      deployment.function('delivery').definition.roleArn,
    )
    const broughtForward = used('deliveryRole', 'sqs:ChangeMessageVisibility', /deferred/)
    tables.fails = (key, action) => key === accessKeyId && action === 'UpdateItem'
    await letDueTimesPass(deployment)
    await broughtForward
    tables.fails = () => false
    // An operator knows better.
    const forgotten = used('deliveryRole', 'dynamodb:DeleteItem', /DESTINATION/).then(() => true)
    // Again where it was just being tried: then there was nothing to bring forward.
    do await operate(deployment, ['queue', 'flush'])
    while (!(await Promise.race([forgotten, delay(FLUSHED_AGAIN_MS)])))
    await using _host = await openSink({ port: downPort })
    await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
  })

  it('let the sweeper make the signing keys of a domain that has none', async () => {
    await operate(deployment, ['domain', 'import', '-'], 'imported.test\n')
    await deployment.runSchedules('1 hour')
    const { keys } = JSON.parse(
      await operate(deployment, ['dkim', 'list', 'imported.test', '--json']),
    )
    expect(keys).toHaveLength(2)
  })

  it('let the collector delete what nobody refers to', async () => {
    await takeMail(deployment, bob)
    const orphan = `mail/${newQueueId(Date.now() - 2 * DAY_MS)}`
    const { clients } = deployment
    const Bucket = deployment.bucket('Objects')
    await clients.s3.send(new PutObjectCommand({ Bucket, Key: orphan, Body: 'lost' }))
    const QueueName = 'pw-watch-local_of-a-task-that-died'
    await clients.sqs.send(new CreateQueueCommand({ QueueName }))
    deployment.ageQueue(QueueName, DAY_MS)
    const keys = async () =>
      (await clients.s3.send(new ListObjectsV2Command({ Bucket }))).Contents?.map(({ Key }) => Key)
    expect(await keys()).toContain(orphan)
    await deployment.runSchedules('1 day')
    await letGraceTimesPass(deployment)
    await deployment.runSchedules('1 hour')
    // What is left is in ann's folders.
    expect(await keys()).toHaveLength(3)
    const { QueueUrls: left = [] } = await clients.sqs.send(
      new ListQueuesCommand({ QueueNamePrefix: 'pw-watch-local_' }),
    )
    expect(left.length).toBe(2)
  })

  it('let mail be sent on, its sender rewritten, and maps be asked, small and large', async () => {
    const away = 'away@example.test'
    await operate(deployment, ['alias', 'add', away, 'away@far.test'])
    const lastSender = () => {
      const mailFrom = sink.messages.at(-1)?.envelope.mailFrom
      return mailFrom ? mailFrom.address : ''
    }
    const sendOn = async (subject: string) => {
      const before = sink.messages.length
      expect(await receive(deployment, away, `Subject: ${subject}\r\n\r\n`)).toMatch(/^250 /)
      await eventually(subject, () => sink.messages.length > before)
      expect(lastSender()).toMatch(/^SRS0=/)
    }
    await operate(deployment, [
      ...['access', 'set', 'maps', 'nobody@map.test', 'nobody@else.test', '--any-result'],
    ])
    await sendOn('a small table')
    const entry = (n: number) => `n${n}@map.test x@else.test ${'x'.repeat(9_900)}\n`
    const many = Array.from({ length: Math.ceil(HELD_BYTES_MAX / 9_900) }, (_, n) => entry(n))
    await operate(deployment, ['access', 'import', 'maps', '-', '--any-result'], many.join(''))
    await eventually('a table that is seen to be large', async () => {
      await sendOn('a large table')
      const isAsked = /^local-edge-.*: dynamodb:BatchGetItem .*ACCESS/
      return !unusedAllowances(deployment).some((line) => isAsked.test(line))
    })
    // A bounce comes back.
    await using smtp = await SmtpClient.open(deployment.port(25))
    await smtp.hello()
    expect((await smtp.envelope('', lastSender())).text).toMatch(/^250 /)
    await operate(deployment, ['access', 'remove', 'maps', '--yes'])
  })

  it('let accounts be frozen by what they do', async () => {
    const eve = { address: 'eve@example.test', password: 'a secret of eve' }
    const mal = { address: 'mal@example.test', password: 'a secret of mal' }
    for (const { address, password } of [eve, mal]) {
      await operate(deployment, ['account', 'add', address, '--password-stdin'], `${password}\n`)
    }
    // Whether this author is eve too the function policy has to look up, and then looks where she sends.
    const spread = ['a@one.test', 'b@two.test', 'c@three.test']
    const author = 'From: <eve+two@example.test>\r\n\r\n'
    expect(await submit(deployment, eve, spread, author)).toMatch(/^550 5\.7\.1 .* suspended/)
    replies.rcpt = (address) => (address.startsWith('never') ? '550 5.1.1 no' : undefined)
    const refused = ['never1@remote.test', 'never2@remote.test']
    const message = 'From: <mal@example.test>\r\n\r\n'
    expect(await submit(deployment, mal, refused, message)).toMatch(/^250 /)
    const isFrozen = async () => {
      const shown = await operate(deployment, ['account', 'show', mal.address])
      return shown.includes('more than 1 recipients refused')
    }
    await eventually('a frozen account', isFrozen)
    expect(await submit(deployment, mal, 'x@remote.test', message)).toMatch(/^550 5\.7\.1 /)
    await operate(deployment, ['account', 'unfreeze', mal.address])
    expect(await submit(deployment, mal, 'x@remote.test', message)).toMatch(/^250 /)
  })

  it('let a task take its own queue away', async () => {
    const edge = deployment.service('edge')
    const [task] = edge.tasks
    expect(task && (await edge.stop(task))).toBe(0)
  })

  it('are all used, but for those that the table explains', async () => {
    const table = await readTable()
    const unused = unusedAllowances(deployment)
    expect(unused.filter((line) => !table.has(line))).toEqual([])
    // What is no permission any more has no place in the table.
    const all = allAllowances(deployment)
    expect([...table.keys()].filter((line) => !all.includes(line))).toEqual([])
  })

  it('are enough', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })
})

/** Kills each process of the function that is to work on something from the queue. */
function poison(name: string, queue: string): void {
  const { arn } = deployment.queue(queue)
  deployment.function(name).onEvent = (payload, pid) => {
    if (payload.includes(`"${arn}"`)) process.kill(pid, 'SIGKILL')
  }
}

/** Has the bell delivered until it is dead, one invocation after the other: each needs a new process. */
async function deadLetter(name: string, queue: 'incoming' | 'active', line: string): Promise<void> {
  const lambda = deployment.function(name)
  const first = lambda.invocations
  for (let delivery = 1; delivery <= queueLayouts[queue].receivesMax; delivery++) {
    await eventually(`delivery ${delivery} of the bell`, () => {
      if (lambda.invocations >= first + delivery) return true
      if (lambda.busyPids.length === 0) deployment.expireVisibility(queue)
      return false
    })
  }
  await eventually('a dead letter', async () => {
    deployment.expireVisibility(queue)
    await deployment.runSchedules('1 minute')
    return deployment.output.includes(line)
  })
}

async function logIn({
  address,
  password,
}: {
  readonly address: string
  readonly password: string
}) {
  await using pop3 = await Pop3Client.open(deployment.port(995), { tls: true })
  return await pop3.logIn(address, password)
}

/** A task that watches what others watch now, and that left without a word so long ago that its lease is gone. */
async function watchAsDeadTask(): Promise<void> {
  const TableName = deployment.table('Mail')
  for (const { pk } of await watches()) {
    const Item = { pk: { S: pk?.S ?? '' }, sk: { S: 'T#gone' } }
    await deployment.clients.dynamo.send(new PutItemCommand({ TableName, Item }))
  }
}

/** Waits until so many tasks watch folders: they register what is watched for more than a moment. */
async function watching(tasks: number): Promise<void> {
  await eventually(`${tasks} watches`, async () => (await watches()).length === tasks)
}

/** Of folders; every session watches its account as well. */
async function watches() {
  const { clients } = deployment
  const scan = new ScanCommand({ TableName: deployment.table('Mail') })
  const { Items: items = [] } = await clients.dynamo.send(scan)
  return items.filter((item) => item.pk?.S?.startsWith('W#folder/') === true)
}

/** Lets time pass for failed logins. */
async function letCountersExpire(): Promise<void> {
  const { clients } = deployment
  const TableName = deployment.table('Counters')
  const { Items: items = [] } = await clients.dynamo.send(new ScanCommand({ TableName }))
  for (const item of items) {
    await clients.dynamo.send(new PutItemCommand({ TableName, Item: { ...item, ttl: { N: '1' } } }))
  }
}

async function say(client: Connection, command: string): Promise<void> {
  await client.write(Buffer.from(`x ${command}\r\n`))
  expect(await tagged(client, 'x')).toMatch(/^x OK /)
}

async function tagged(client: Connection, tag: string): Promise<string> {
  for (;;) {
    const line = await client.readLine(tag)
    if (line.startsWith(`${tag} `)) return line
  }
}

/** Waits until the role has done it once more. */
async function used(role: string, action: string, about = /(?:)/): Promise<void> {
  const count = () =>
    deployment.gateway
      .calls()
      .filter(
        (call) =>
          call.principal.includes(role) &&
          call.action === action &&
          about.test(JSON.stringify(call)),
      ).length
  const before = count()
  await eventually(`${role} ${action}`, () => count() > before)
}

/** Allowance to the reason why nothing here uses it. */
async function readTable(): Promise<ReadonlyMap<string, string>> {
  const text = await readFile(new URL('unused-allowances.json', import.meta.url), 'utf8')
  const groups: readonly { readonly reason: string; readonly allowances: readonly string[] }[] =
    JSON.parse(text)
  return new Map(
    groups.flatMap(({ reason, allowances }) => allowances.map((line) => [line, reason] as const)),
  )
}
