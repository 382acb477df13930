// SMTP, IMAP with ManageSieve, and POP3 each in a service of its own, and clients' addresses told by PROXY protocol: the other way to deploy. What
// the one service has rights for in common, here nobody has together.

import { afterAll, beforeAll, expect, it } from 'vitest'
import { evaluate } from '#test/support/deployment/iam.ts'
import type { Role } from '#test/support/deployment/inventory.ts'
import {
  addAccounts,
  ann,
  bob,
  idle,
  receiveFrom,
  takeMail,
} from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { ImapClient } from '#test/support/imap-client.ts'
import { ManageSieveClient } from '#test/support/managesieve-client.ts'
import { Pop3Client } from '#test/support/pop3-client.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const resources = new AsyncDisposableStack()
let deployment: Deployment

const file = deploymentFile({
  name: 'separate',
  topology: 'separate',
  clientAddress: 'proxy-v2',
})

const readingActions = ['GetItem', 'BatchGetItem', 'Query', 'Scan', 'PartiQLSelect', 'GetRecords']
const deletingActions = [
  'DeleteObject',
  'DeleteObjectVersion',
  'DeleteBucket',
  'PutLifecycleConfiguration',
]

describeDeployed('services of their own', () => {
  beforeAll(async () => {
    deployment = await deploy(resources, file, { tasks: 1, proxyHeader: 'at-once' })
    await addAccounts(deployment, ann, bob)
  })
  afterAll(() => resources.disposeAsync())

  it('take a message and give it to who listens, with the address of the client', async () => {
    const client = await idle(deployment, ann)
    expect(await receiveFrom(deployment, '127.9.9.9', ann.address)).toMatch(/^250 /)
    expect(await client.readLine('delivery')).toBe('* 1 EXISTS')
    client.destroy()
    expect((await takeMail(deployment, ann))[0]).toContain(
      'Received: from client.test ([127.9.9.9])',
    )
  })

  it('serve what begins without TLS, too', async () => {
    await using pop3 = await Pop3Client.open(deployment.port(110))
    await pop3.startTls()
    expect(await pop3.logIn(ann.address, ann.password)).toMatch(/^\+OK /)
    const imap = await ImapClient.connect(deployment.port(143))
    expect((await imap.ok('CAPABILITY')).untagged[0]).toContain('STARTTLS')
    imap.close()
  })

  it('keep scripts of an account, and its marks that one is active', async () => {
    await using client = await ManageSieveClient.open(deployment.port(4190))
    await client.startTls()
    expect(await client.logIn(ann.address, ann.password)).toMatch(/^OK/)
    for (const [name, ...strings] of [
      ['PUTSCRIPT', 'work', 'keep;'],
      ['SETACTIVE', 'work'],
      ['PUTSCRIPT', 'work', 'stop;'],
      ['RENAMESCRIPT', 'work', 'play'],
      ['SETACTIVE', ''],
      ['DELETESCRIPT', 'play'],
      ['LISTSCRIPTS'],
    ] as const) {
      expect([name, await client.command(name, ...strings)]).toEqual([name, 'OK\r\n'])
    }
  })

  it('send what scripts in mailboxes want, and remember what those saw', async () => {
    const client = await idle(deployment, ann)
    await client.write(Buffer.from('DONE\r\n'))
    const say = async (command: string) => {
      await client.write(Buffer.from(`x ${command}\r\n`))
      for (;;) {
        const line = await client.readLine(command)
        if (line.startsWith('x ')) return expect(line).toMatch(/^x OK /)
      }
    }
    const message = `From: ${ann.address}\r\nMessage-ID: <1@example.test>\r\nSubject: on\r\n\r\n`
    for (let n = 0; n < 2; n++) await say(`APPEND INBOX {${message.length}+}\r\n${message}`)
    await say('NOOP')
    const script = `require ["duplicate", "copy"]; if not duplicate :last { redirect :copy "${bob.address}"; }`
    await say(`FILTER SIEVE SCRIPT {${script.length}+}\r\n${script} ALL`)
    client.destroy()
    const [came] = await takeMail(deployment, bob)
    expect(came).toContain(`X-Sieve-Redirected-From: ${ann.address}\r\n`)
  })

  it('do no more than they may', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })

  it('smtp cannot read stored mail', () => {
    const smtp = role(/smtpTaskTaskRole/)
    expect(may(smtp, 's3:PutObject', object())).toBe(true)
    expect(may(smtp, 's3:GetObject', object())).toBe(false)
    for (const action of readingActions) {
      expect(may(smtp, `dynamodb:${action}`, mailTable())).toBe(false)
      expect(may(smtp, `dynamodb:${action}`, `${mailTable()}/index/dead`)).toBe(false)
    }
  })

  it('pop3 cannot queue mail, and imap can, and look at none of it', () => {
    for (const name of [/imapTaskTaskRole/, /pop3TaskTaskRole/]) {
      expect(may(role(name), 's3:GetObject', object())).toBe(true)
      const rings = deployment.inventory.queues.filter(({ arn }) =>
        may(role(name), 'sqs:SendMessage', arn),
      )
      expect(rings.map(({ arn }) => /incoming(?!dead)/i.test(arn))).toEqual(
        name.test('imapTaskTaskRole') ? [true] : [],
      )
      for (const action of readingActions) {
        expect(may(role(name), `dynamodb:${action}`, tableArn('Queue'))).toBe(false)
      }
    }
  })

  it('imap may mark an address, and not say whose it is', () => {
    const imap = role(/imapTaskTaskRole/)
    const directory = tableArn('Directory')
    const mark = (...names: readonly string[]) =>
      evaluate(imap.policies, {
        action: 'dynamodb:UpdateItem',
        resource: directory,
        context: { 'dynamodb:LeadingKeys': ['D#a.test'], 'dynamodb:Attributes': names },
      }).kind
    expect(mark('pk', 'sk', 'accountId', 'filtered')).toBe('allowed')
    expect(mark('pk', 'sk', 'accountId', 'disabled')).not.toBe('allowed')
  })

  it('and functions leave it to the collector to delete objects', () => {
    const deleting = deployment.inventory.roles.filter((each) =>
      deletingActions.some(
        (action) => may(each, `s3:${action}`, object()) || may(each, `s3:${action}`, bucketArn()),
      ),
    )
    expect(deleting).toEqual([role(/collectorRole/)])
    expect(may(role(/collectorRole/), 's3:GetObject', object())).toBe(false)
  })
})

function role(name: RegExp): Role {
  const [found, ...more] = deployment.inventory.roles.filter((each) => name.test(each.name))
  if (found === undefined || more.length > 0) throw new Error(`${name}: not one role`)
  return found
}

function may(role: Role, action: string, resource: string): boolean {
  return evaluate(role.policies, { action, resource, context: {} }).kind === 'allowed'
}

function bucketArn(): string {
  return `arn:aws:s3:::${deployment.bucket('Objects')}`
}

const object = () => `${bucketArn()}/mail/01M8HRX8X4R0SYG0Y4`

const mailTable = () => tableArn('Mail')

function tableArn(name: 'Mail' | 'Directory' | 'Queue'): string {
  return `arn:aws:dynamodb:eu-central-1:000000000000:table/${deployment.table(name)}`
}
