// An operator's own texts for notices, from the file to the mailbox.

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { type OpenedEmbedded, openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const ann = 'ann@example.test'
const own = `failure_template = <<EOF
From: MAILER-DAEMON (Our Post)
Subject: It came back

From $myhostname, with regret.
EOF
`

describe('texts of an operator', () => {
  const clock = manualClock()
  let opened: OpenedEmbedded
  let resources: AsyncDisposableStack

  beforeEach(async () => {
    resources = new AsyncDisposableStack()
    opened = await openEmbedded({ clock })
    resources.defer(() => opened.close())
  })
  afterEach(() => resources.disposeAsync())

  async function file(text: string): Promise<string> {
    const path = join(resources.use(await temporaryFolder()).path, 'bounce.cf')
    await writeFile(path, text)
    return path
  }

  const systemWith = (...set: readonly string[]) =>
    createPipeline(opened.store, clock, {
      tellsSenders: true,
      set,
      deliverRemote: async (_message, _route, to) =>
        to.map(() => ({ kind: 'failed', status: '5.1.1', reply: 'unknown' })),
    })

  it('take the place of ours, with the words of other systems behind them', async () => {
    const pipeline = systemWith(`bounceTemplateFile=${await file(own)}`)
    await pipeline.addAccount(ann)
    await pipeline.accept('Subject: x\r\n\r\n', ['bob@away.test'], { envelope: { sender: ann } })
    await pipeline.settle()
    const [notice = ''] = await pipeline.inbox(ann)
    expect(notice).toContain(
      'From: MAILER-DAEMON@example.test (Our Post)\r\nSubject: It came back\r\n',
    )
    expect(notice).toContain(
      'From mx.example.test, with regret.\r\n\r\n<bob@away.test>: unknown\r\n',
    )
  })

  it('stop the start where they are none, or are not there', async () => {
    const broken = await file('failure_template = none\n')
    expect(() => systemWith(`bounceTemplateFile=${broken}`)).toThrow(
      /bounce\.cf: line 1: no beginning/,
    )
    expect(() => systemWith('bounceTemplateFile=/nowhere/bounce.cf')).toThrow(
      /cannot read bounceTemplateFile: .*\/nowhere/,
    )
  })

  it.each([
    ['Accept-Language: de-DE, en-US\r\nContent-Language: en\r\n', 'Nachricht nicht zugestellt'],
    ['Content-Language: fr, de;q=0.5\r\n', 'Nachricht nicht zugestellt'],
    ['Content-Language: fr\r\n', 'Undelivered Mail Returned to Sender'],
    ['', 'Undelivered Mail Returned to Sender'],
  ])('are in the language of whoever sent %j', async (fields, subject) => {
    const pipeline = systemWith()
    await pipeline.addAccount(ann)
    const text = `${fields}Subject: x\r\n\r\n`
    await pipeline.accept(text, ['bob@away.test'], { envelope: { sender: ann } })
    await pipeline.settle()
    const [notice = ''] = await pipeline.inbox(ann)
    expect(notice).toContain(`Subject: ${subject}\r\n`)
  })
})
