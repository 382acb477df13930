// What operators and users do with a deployment: commands with `--aws`, clients through the load balancer's ports.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import {
  ConditionalCheckFailedException,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { type Account, eventually, takeMailAt } from '#test/support/accounts.ts'
import { SmtpClient } from '#test/support/smtp-client.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'
import { Connection } from '#test/transcripts/connection.ts'
import type { Deployment } from './running-deployment.ts'

const cli = fileURLToPath(new URL('../../../services/cli/postwolke.mjs', import.meta.url))

export const ann: Account = { address: 'ann@example.test', password: 'a secret of ann' }
export const bob: Account = { address: 'bob@example.test', password: 'a secret of bob' }

/** One `postwolke` command as the operator runs it; rejects unless it succeeds. */
export async function operate(
  deployment: Deployment,
  words: readonly string[],
  input = '',
): Promise<string> {
  await using folder = await temporaryFolder()
  const outputs = join(folder.path, 'cdk-outputs.json')
  await deployment.writeOutputs(outputs)
  const child = spawn(process.execPath, [cli, ...words, '--aws', outputs], {
    env: { ...deployment.operatorEnvironment },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => undefined) // it ended without reading; its exit code says why
  child.stdin.end(input)
  const [stdout, stderr] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  if (child.exitCode !== 0) throw new Error(`${words.join(' ')}: ${stderr}`)
  return stdout
}

export async function addAccounts(
  deployment: Deployment,
  ...accounts: readonly Account[]
): Promise<void> {
  await operate(deployment, ['domain', 'add', 'example.test'])
  await Promise.all(
    accounts.map(({ address, password }) =>
      operate(deployment, ['account', 'add', address, '--password-stdin'], `${password}\n`),
    ),
  )
}

export type QueuedMessage = {
  readonly queueId: string
  readonly state: string
  readonly reason: string | null
  readonly groups: readonly { readonly state: string; readonly lastReply: string | null }[]
}

export async function queueList(deployment: Deployment): Promise<readonly QueuedMessage[]> {
  return JSON.parse(await operate(deployment, ['queue', 'list', '--json']))
}

/** From another mail server; the last reply. */
export async function receive(
  deployment: Deployment,
  to: string,
  message: string | Uint8Array,
): Promise<string> {
  await using smtp = await SmtpClient.open(deployment.port(25))
  await smtp.hello()
  const { code, text } = await smtp.envelope('friend@remote.test', to)
  return code === 250 ? (await smtp.data(message)).text : text
}

/** The same from a client at this address of loopback. */
export async function receiveFrom(
  deployment: Deployment,
  localAddress: string,
  to: string,
): Promise<string> {
  const socket = connect({ port: deployment.port(25), host: '127.0.0.1', localAddress })
  const message = `Subject: from ${localAddress}\r\n\r\n.`
  const lines = ['EHLO client.test', 'MAIL FROM:<>', `RCPT TO:<${to}>`, 'DATA', message]
  try {
    for await (const reply of createInterface({ input: socket })) {
      if (reply[3] === '-') continue
      const line = lines.shift()
      if (line === undefined || reply[0] === '5') return reply
      socket.write(`${line}\r\n`)
    }
    throw new Error('the server hung up')
  } finally {
    socket.destroy()
  }
}

/** Over TLS after a login; the last reply. */
export async function submit(
  deployment: Deployment,
  { address, password }: Account,
  to: string | readonly string[],
  message: string | Uint8Array,
): Promise<string> {
  await using smtp = await SmtpClient.open(deployment.port(465), { tls: true })
  await smtp.hello()
  const login = await smtp.logIn(address, password)
  if (login.code !== 235) return login.text
  const { code, text } = await smtp.envelope(address, to)
  return code === 250 ? (await smtp.data(message)).text : text
}

/** An IMAP session in IDLE on the task that is next in turn. */
export async function idle(deployment: Deployment, account: Account): Promise<Connection> {
  const client = await Connection.open({ port: deployment.port(993), implicitTls: true })
  client.hidesRecent = true
  const login = `a LOGIN ${account.address} "${account.password}"\r\n`
  await client.write(Buffer.from(`${login}b SELECT INBOX\r\nc IDLE\r\n`))
  while ((await client.readLine('IDLE')) !== '+ idling');
  return client
}

/** Waits until so many messages or more are in the mailbox, removes them and returns them as byte strings. */
export function takeMail(
  deployment: Deployment,
  account: Account,
  count = 1,
): Promise<readonly string[]> {
  const what = `${count} messages for ${account.address}`
  return eventually(what, () => takeMailAt(deployment.port(995), account, (has) => has >= count))
}

/** Lets an hour pass for everything in the queue: the sweeper rings for what waited for the clock. */
export async function letDueTimesPass(deployment: Deployment): Promise<void> {
  await moveBack(deployment, { table: 'Queue', index: 'due', attribute: 'dueSk', byMs: HOUR_MS })
}

/** Lets eight days pass for what nobody refers to any more. */
export async function letGraceTimesPass(deployment: Deployment): Promise<void> {
  const byMs = 8 * 24 * HOUR_MS
  await moveBack(deployment, { table: 'Mail', index: 'dead', attribute: 'deadSk', byMs })
}

const HOUR_MS = 3_600_000

/** Processes have the clock of this machine; what waits for a time has it at the beginning of an index's sort key. */
async function moveBack(
  deployment: Deployment,
  times: {
    readonly table: 'Queue' | 'Mail'
    readonly index: string
    readonly attribute: string
    readonly byMs: number
  },
): Promise<void> {
  const { index, attribute, byMs } = times
  const { clients } = deployment
  const TableName = deployment.table(`Storage${times.table}`)
  const { Items: items = [] } = await clients.dynamo.send(
    new ScanCommand({ TableName, IndexName: index }),
  )
  for (const { pk, sk, [attribute]: time } of items) {
    if (!pk || !sk || time?.S === undefined) continue
    const [, digits = '', rest] = /^(\d+)(.*)$/.exec(time.S) ?? []
    const earlier = String(Number(digits) - byMs).padStart(digits.length, '0')
    const update = new UpdateItemCommand({
      TableName,
      Key: { pk, sk },
      UpdateExpression: `SET ${attribute} = :earlier`,
      ConditionExpression: `${attribute} = :time`,
      ExpressionAttributeValues: { ':time': time, ':earlier': { S: `${earlier}${rest}` } },
    })
    await clients.dynamo.send(update).catch((error) => {
      // It has moved by itself meanwhile.
      if (!(error instanceof ConditionalCheckFailedException)) throw error
    })
  }
}
