// What `sendmail` leaves is mail of our own: the same becomes of its addresses as of a client's that logged in.

import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { maildropPath, openPickup } from '#services/assembly/pickup.ts'
import { encodeSubmission } from '#shared/contracts/maildrop.ts'
import { eventually } from '#test/support/accounts.ts'
import { createPipeline, manualClock } from '#test/support/pipeline.ts'
import { openEmbedded } from '#test/support/storage-embedded.ts'
import { temporaryFolder } from '#test/support/temporary-folder.ts'

const resources = new AsyncDisposableStack()
afterAll(() => resources.disposeAsync())

it('has its envelope and header rewritten, and copies sent', async () => {
  const folder = resources.use(await temporaryFolder()).path
  const clock = manualClock()
  const opened = await openEmbedded({ clock })
  resources.defer(() => opened.close())
  const { backend, addAccount, settle, inbox } = createPipeline(opened.store, clock, {
    set: [
      'canonicalMaps=inline:{joe@example.test=Joe.Doe@example.test}',
      'senderBccMaps=inline:{Joe.Doe@example.test=copies@example.test}',
    ],
  })
  for (const name of ['ann', 'copies']) await addAccount(`${name}@example.test`)
  const { start } = await openPickup(folder, backend, () => backend.settings)
  const path = join(maildropPath(folder, backend.settings), 'file-1')
  const submission = encodeSubmission({
    sender: 'joe',
    fullName: null,
    recipients: ['ann'],
    notify: [],
    dsnReturn: null,
    dsnEnvelopeId: null,
    body: '8BITMIME',
  })
  const text = 'From: Joe <joe>\nTo: ann\nSubject: joe\n\njoe\n'
  await writeFile(path, Buffer.concat([submission, Buffer.from(text)]))
  await chmod(path, 0o640)
  const running = start()
  const mails = await eventually('both mails', async () => {
    await settle()
    const all = await Promise.all(['ann', 'copies'].map((name) => inbox(`${name}@example.test`)))
    return all.every((mailbox) => mailbox.length === 1) && all.flat()
  })
  await running.stop()
  for (const mail of mails) {
    expect(mail).toContain('Return-Path: <Joe.Doe@example.test>\r\n')
    expect(mail).toContain(
      'From: Joe <Joe.Doe@example.test>\r\nTo: ann@example.test\r\nSubject: joe\r\n',
    )
    expect(mail.endsWith('\r\n\r\njoe\r\n')).toBe(true)
  }
})
