// Mail that leaves a deployment, by each way out: from submission to the host that takes it, with all that may come between.

import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Account, eventually } from '#test/support/accounts.ts'
import {
  addAccounts,
  ann,
  operate,
  queueList,
  receive,
  submit,
  takeMail,
} from '#test/support/deployment/mail.ts'
import type { Deployment } from '#test/support/deployment/running-deployment.ts'
import { activateScript } from '#test/support/deployment/scripts.ts'
import type { FakeSes } from '#test/support/fake-ses.ts'
import { openFakeSes } from '#test/support/fake-ses.ts'
import { freePort } from '#test/support/server-process.ts'
import {
  openScriptedHost,
  openSink,
  type ScriptedHost,
  type Sink,
} from '#test/support/sink-smtp.ts'
import { deploy, deploymentFile, describeDeployed } from './deployed.ts'

const letter = (subject: string) =>
  `From: <ann@example.test>\r\nTo: <x@good.test>\r\nSubject: ${subject}\r\n\r\nhello\r\n`

/** The last word of `250 2.0.0 queued as …`. */
const queueIdOf = (reply: string) => reply.split(' ').at(-1) ?? ''

/** As if the records of the domain's signing keys had been seen. */
async function useKeys(deployment: Deployment): Promise<void> {
  const { keys } = JSON.parse(await operate(deployment, ['dkim', 'list', 'example.test', '--json']))
  expect(keys.length).toBeGreaterThan(0)
  for (const { selector } of keys) {
    await operate(deployment, ['dkim', 'force', 'example.test', selector])
  }
}

const quickRetries = ['minimalBackoffTime = "1s"', 'maximalBackoffTime = "1s"']

describe.each([
  ['by the function delivery, through a relay host', 'relayhost', 'mail.example.test'],
  ['directly, by the container sender', 'direct', 'out.mail.example.test'],
])('mail that leaves %s', (_, egress, heloName) => {
  describeDeployed('with a deployment', () => {
    const resources = new AsyncDisposableStack()
    let deployment: Deployment
    let sink: Sink
    let hung: ScriptedHost
    const replies: { rcpt: (address: string) => string | undefined } = { rcpt: () => undefined }

    beforeAll(async () => {
      const relayPort = await freePort()
      sink = resources.use(
        await openSink({ port: relayPort, rcpt: (address) => replies.rcpt(address) }),
      )
      hung = resources.use(await openScriptedHost(() => ({ raw: '' })))
      const maps = [
        `hung.test=smtp:[127.0.0.1]:${hung.port}`,
        ...(egress === 'direct' ? [`*=smtp:[127.0.0.1]:${relayPort}`] : []),
      ]
      const keys =
        egress === 'direct' ? { egress } : { egress, relayhost: `[127.0.0.1]:${relayPort}` }
      const mail = [...quickRetries, `transportMaps = "inline:{ ${maps.join(', ')} }"`]
      deployment = await deploy(resources, deploymentFile(keys, mail.join('\n')), { tasks: 1 })
      await addAccounts(deployment, ann)
      await useKeys(deployment)
    })
    afterEach(() => {
      replies.rcpt = () => undefined
    })
    afterAll(() => resources.disposeAsync())

    const subjectsAt = () =>
      sink.messages.map(({ bytes }) => /^Subject: (.*?)\r$/m.exec(bytes.toString('latin1'))?.[1])

    it('is signed for its domain, and comes from the name of the way out', async () => {
      expect(await submit(deployment, ann, 'x@good.test', letter('signed'))).toMatch(/^250 /)
      const [taken] = await eventually('a message', () => sink.messages.length > 0 && sink.messages)
      expect(taken?.bytes.toString('latin1')).toMatch(
        /^DKIM-Signature:.*?d=example\.test;.*\r\nSubject: signed\r\n/s,
      )
      expect(taken?.helo).toBe(heloName)
    })

    it('comes again by itself when it was refused for now', async () => {
      let refusals = 0
      replies.rcpt = () => (refusals++ === 0 ? '450 4.2.0 not now' : undefined)
      const reply = await submit(deployment, ann, 'x@good.test', letter('later'))
      // No clock runs: it is the bell in the queue `deferred` that rings.
      await eventually('the second try', () => subjectsAt().includes('later'))
      expect(refusals).toBe(2)
      const story = await eventually('the end of its story', async () => {
        const told = await operate(deployment, ['trace', queueIdOf(reply)])
        return told.includes('250 ') && told
      })
      expect(story).toContain('450 4.2.0 not now')
    })

    it('comes back to its sender when it was refused for good', async () => {
      replies.rcpt = () => '550 5.1.1 nobody here'
      const reply = await submit(deployment, ann, 'x@good.test', letter('returned'))
      const [notice = ''] = await takeMail(deployment, ann)
      expect(notice).toContain('Content-Type: multipart/report; report-type=delivery-status')
      expect(notice).toContain('550 5.1.1 nobody here')
      expect(notice).toMatch(/^Return-Path: <>\r$/m)
      expect(await operate(deployment, ['trace', queueIdOf(reply)])).toContain('5.1.1')
    })

    it('leaves with a sender of ours when it was forwarded', async () => {
      await operate(deployment, ['alias', 'add', 'away@example.test', 'x@far.test'])
      expect(await receive(deployment, 'away@example.test', letter('forwarded'))).toMatch(/^250 /)
      await eventually('the forwarded message', () => subjectsAt().includes('forwarded'))
      const { mailFrom } = sink.messages.at(-1)?.envelope ?? {}
      expect(mailFrom ? mailFrom.address : '').toMatch(/^SRS0=.*=remote\.test=friend@/)
    })

    it('follows from the script of its recipient', async () => {
      const dora: Account = { address: 'dora@example.test', password: 'a secret of dora' }
      const add = ['account', 'add', dora.address, '--password-stdin']
      await operate(deployment, add, `${dora.password}\n`)
      await activateScript(
        deployment,
        dora.address,
        `require ["copy", "vacation", "duplicate", "fileinto", "mailbox", "fcc"];
        if duplicate :last { discard; stop; }
        redirect :copy "x@script.test";
        fileinto :copy :create "Filed";
        vacation :fcc "Sent" :create :subject "Away" "Back on Monday.";`,
      )
      const text =
        'Message-ID: <1@remote.test>\r\nTo: dora@example.test\r\nSubject: filtered\r\n\r\nx\r\n'
      for (let n = 0; n < 2; n++) {
        expect(await receive(deployment, dora.address, text)).toMatch(/^250 /)
        await eventually('what the script sends', () =>
          ['filtered', 'Away'].every((subject) => subjectsAt().includes(subject)),
        )
      }
      await eventually('an empty queue', async () => (await queueList(deployment)).length === 0)
      const kept = await takeMail(deployment, dora)
      expect(kept).toHaveLength(1)
      expect(kept[0]).toContain('Subject: filtered')
      expect(subjectsAt().filter((subject) => subject === 'filtered')).toHaveLength(1)
      expect(subjectsAt().filter((subject) => subject === 'Away')).toHaveLength(1)
    })

    it('waits for nobody who does not answer', async () => {
      const to = ['x@hung.test', 'x@good.test']
      const reply = await submit(deployment, ann, to, letter('beside'))
      await eventually('a session that hangs', () => hung.connections.length > 0)
      await eventually('the good one', () => subjectsAt().includes('beside'))
      const story = await operate(deployment, ['trace', queueIdOf(reply)])
      expect(story).toContain('x@hung.test')
      await hung[Symbol.asyncDispose]()
      await operate(deployment, ['queue', 'delete', queueIdOf(reply), '--yes']).catch(
        () => undefined,
      )
    })

    it('does not leave when its sender was frozen meanwhile', async () => {
      const eve: Account = { address: 'eve@example.test', password: 'a secret of eve' }
      const add = ['account', 'add', eve.address, '--password-stdin']
      await operate(deployment, add, `${eve.password}\n`)
      replies.rcpt = () => '450 4.2.0 not now'
      const author = letter('frozen').replace('ann@', 'eve@')
      const reply = await submit(deployment, eve, 'x@good.test', author)
      expect(reply).toMatch(/^250 /)
      await operate(deployment, ['account', 'freeze', eve.address, '--reason', 'a test'])
      await eventually('on hold', async () => {
        const all = await queueList(deployment)
        const mine = all.find(({ queueId }) => queueId === queueIdOf(reply))
        return mine?.groups.some(({ state }) => state === 'hold')
      })
      replies.rcpt = () => undefined
      await operate(deployment, ['account', 'unfreeze', eve.address])
    })

    it('is asked of an old server at RCPT, and goes there', async () => {
      const nobody = 'nobody@example.test'
      const guest = 'guest@example.test'
      const mail = (subject: string) => `Subject: ${subject}\r\n\r\n`
      expect(await receive(deployment, guest, mail('early'))).toMatch(/^550 5\.1\.1 /)
      const smtp = ['--smtp', `[127.0.0.1]:${sink.port}`, '--imap', 'imaps://127.0.0.1:1']
      await operate(deployment, ['front', 'source', 'add', 'old', ...smtp])
      await operate(deployment, ['front', 'set', 'example.test', 'old'])
      replies.rcpt = (address) => (address.includes('nobody') ? '550 5.1.1 none here' : undefined)
      expect(await receive(deployment, nobody, mail('refused'))).toMatch(/^550 .*none here/)
      expect(await receive(deployment, guest, mail('passed-on'))).toMatch(/^250 /)
      await eventually('it is there', () => subjectsAt().includes('passed-on'))
      await operate(deployment, ['front', 'end', 'example.test'])
      await operate(deployment, ['front', 'source', 'remove', 'old'])
      expect(await receive(deployment, guest, mail('late'))).toMatch(/^550 5\.1\.1 /)
      replies.rcpt = () => undefined
    })

    it('needs no more rights than the roles have', async () => {
      if (egress === 'direct') {
        const sender = deployment.service('sender')
        const [task] = sender.tasks
        expect(task && (await sender.stop(task))).toBe(0)
      }
      expect(deployment.gateway.refusals()).toEqual([])
      expect(deployment.pollingFailures).toEqual([])
    })
  })
})

describeDeployed('mail that leaves by SES', () => {
  const resources = new AsyncDisposableStack()
  let deployment: Deployment
  let ses: FakeSes

  beforeAll(async () => {
    ses = resources.use(await openFakeSes())
    deployment = await deploy(
      resources,
      deploymentFile({ egress: 'ses-api' }, quickRetries.join('\n')),
      {
        tasks: 1,
        sesUrl: ses.endpoint,
      },
    )
    await addAccounts(deployment, ann)
    await useKeys(deployment)
  })
  afterEach(() => {
    ses.instead = () => undefined
  })
  afterAll(() => resources.disposeAsync())

  const subjects = () => ses.sent.map(({ message }) => /^Subject: (.*?)\r$/m.exec(message)?.[1])

  it('is signed, and handed over whole', async () => {
    expect(await submit(deployment, ann, 'x@good.test', letter('signed'))).toMatch(/^250 /)
    const [sent] = await eventually('a message', () => ses.sent.length > 0 && ses.sent)
    expect(sent).toMatchObject({ sender: ann.address, recipients: ['x@good.test'] })
    expect(sent?.message).toMatch(/^DKIM-Signature:.*?d=example\.test;/s)
  })

  it('comes again when SES had no room', async () => {
    let refusals = 0
    ses.instead = ({ path }) =>
      path.endsWith('/outbound-emails') && refusals++ === 0
        ? { status: 429, type: 'TooManyRequestsException', body: { message: 'slow down' } }
        : undefined
    await submit(deployment, ann, 'x@good.test', letter('later'))
    await eventually('the second try', () => refusals > 1 && subjects().includes('later'))
  })

  it('comes back when SES refuses it', async () => {
    ses.instead = ({ path }) =>
      path.endsWith('/outbound-emails')
        ? { status: 400, type: 'MessageRejected', body: { message: 'not verified' } }
        : undefined
    await submit(deployment, ann, 'x@good.test', letter('returned'))
    const [notice = ''] = await takeMail(deployment, ann)
    expect(notice).toContain('MessageRejected: not verified')
  })

  it('needs no more rights than the roles have', () => {
    expect(deployment.gateway.refusals()).toEqual([])
  })
})
