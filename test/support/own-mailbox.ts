// A mailbox that is to be written out, and messages in it as somebody brought them.

import type { FolderRef, Uid } from '#shared/contracts/mailbox.ts'
import { flagSet } from '#shared/mailbox/flags.ts'
import type { OwnMailbox } from '#shared/moving/export/own-mailbox.ts'
import type { ExportReport, ExportStep } from '#shared/moving/export/report.ts'
import type { ExportVerdict } from '#shared/moving/export/verdict.ts'
import type { MailSource } from '#shared/moving/mailboxes/source.ts'
import { wireForm } from '#shared/moving/mailboxes/wire-form.ts'
import { account, type TestMailbox } from './mailbox.ts'

export const ownMailbox = (
  { mailbox, store }: TestMailbox,
  scripts: OwnMailbox['scripts'] = async () => [],
): OwnMailbox => ({
  account: 'ann@example.test',
  accountId: account,
  mailbox,
  objects: store.objects,
  scripts,
})

export type Text = {
  /** A character for each byte. */
  readonly text: string
  readonly flags?: readonly string[]
  readonly dateMs?: number
}

export async function appendTexts(
  { mailbox }: TestMailbox,
  folder: FolderRef,
  texts: readonly Text[],
): Promise<Uid[]> {
  const uids: Uid[] = []
  for (const { text, flags = [], dateMs = 1_000_000_000_000 } of texts) {
    const received = await mailbox.receive(only(Buffer.from(text, 'latin1')))
    await received.commit()
    const appended = await mailbox.append(folder, {
      blob: received.blob,
      flags: flagSet(flags),
      internalDateMs: dateMs,
      prepend: '',
      once: false,
      unended: !received.endsLine,
    })
    if (appended.kind !== 'appended') throw new Error(appended.kind)
    uids.push(appended.uid)
  }
  return uids
}

export async function* only(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}

export async function whole(
  steps: AsyncGenerator<ExportStep, ExportReport>,
): Promise<ExportReport> {
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value
  }
}

/** Every message of a folder of a source, in the form that mail programs are sent. */
export async function readSource(source: MailSource, names: readonly string[]) {
  const folder = (await source.folders()).find((one) => one.names.join('/') === names.join('/'))
  if (folder === undefined) throw new Error(`no folder ${names.join('/')}`)
  const opened = await source.open(folder)
  const messages = []
  for await (const message of opened.messages()) messages.push(message)
  const read: {
    readonly key: string
    readonly uid: number | undefined
    readonly text: string
    readonly flags: readonly string[]
    readonly dateMs: number
  }[] = []
  for await (const { message, bytes } of opened.read(messages)) {
    const chunks: Uint8Array[] = []
    for await (const chunk of wireForm(bytes)) chunks.push(Buffer.from(chunk))
    const { key, uid, flags, internalDateMs: dateMs } = message
    read.push({ key, uid, text: Buffer.concat(chunks).toString('latin1'), flags, dateMs })
  }
  const { numbers } = opened
  await opened.close()
  return { numbers, read }
}

export async function verdictsOf(
  steps: AsyncGenerator<ExportStep, readonly ExportVerdict[]>,
): Promise<readonly ExportVerdict[]> {
  for (;;) {
    const step = await steps.next()
    if (step.done) return step.value
  }
}
