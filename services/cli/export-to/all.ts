// `postwolke export all`: what somebody takes along who leaves with everything. Each part is in a form that an import here reads again.

import { createHash } from 'node:crypto'
import {
  APP_PASSWORDS_FILE,
  KEYS_FOLDER,
  SRS_FILE,
} from '#shared/administration/moving/written-secrets.ts'
import { sumOf } from '#shared/moving/export/report.ts'
import {
  type ExportTarget,
  TargetFailure,
  type WrittenFiles,
} from '#shared/moving/export/target.ts'
import { filesWithin, targetWithin } from '#shared/moving/export/target-within.ts'
import { concurrently } from '#shared/runtime/concurrently.ts'
import type { Context } from '../context.ts'
import { CommandFailure } from '../failure.ts'
import { parallelOf } from '../import-from/mail-options.ts'
import { type Pace, showPace } from '../import-from/pace.ts'
import { readAll } from '../listing.ts'
import { columns, formatBytes, warn } from '../output.ts'
import { refused } from '../refusal-text.ts'
import type { AllOptions } from './export-options.ts'
import { toldFailures } from './export-run.ts'
import { openFiles, openTarget, placeOf } from './places.ts'

type Done = {
  readonly account: string
  readonly place: string
  readonly messages: number
  readonly bytes: number
  readonly written: number
  /** Of a comparison. */
  readonly differences: number
  readonly notes: readonly string[]
}

type Given = {
  readonly context: Context
  readonly root: string
  readonly pace: Pace
  readonly signal: AbortSignal
}

export async function writeAll(context: Context, options: AllOptions): Promise<void> {
  const { verify = false } = options
  const root = placeOf(options)
  const atOnce = parallelOf(options)
  const accounts = await readAll((after) =>
    context.administration.accounts.page({ domain: options.domain, limit: undefined, after }),
  )
  const ending = new AbortController()
  const endEarly = () => ending.abort()
  globalThis.process.once('SIGINT', endEarly)
  const pace = showPace(context.process, accounts.length)
  const done = await toldFailures(async () => {
    const given = { context, root, pace, signal: ending.signal }
    const each = (work: (account: string) => Promise<Done>) =>
      concurrently(accounts, atOnce, async ({ address }) => {
        if (ending.signal.aborted) return undefined
        const one = await work(address)
        pace.mailboxDone()
        return one
      })
    if (verify) {
      const { files, close } = await openFiles(options, context.process)
      return await each((account) => compareMail(given, files, account)).finally(close)
    }
    const { target, end } = await openTarget(options, context.process)
    try {
      await writeDirectory(context, target, root, options)
      return await each((account) => writeMail(given, target, account))
    } finally {
      await end()
    }
  }).finally(() => {
    pace.end()
    globalThis.process.off('SIGINT', endEarly)
  })
  const mailboxes = done.filter((one) => one !== undefined)
  print(context, root, mailboxes)
  if (ending.signal.aborted)
    throw new CommandFailure('ended early; the same command goes on', 'temporary')
  if (mailboxes.some(({ differences }) => differences > 0)) {
    throw new CommandFailure('what was written is not as it is here; the export mends it')
  }
}

async function writeDirectory(
  { administration }: Context,
  target: ExportTarget,
  root: string,
  { withSecrets = false }: AllOptions,
): Promise<void> {
  const folders = ['mail', 'access', 'sieve', ...(withSecrets ? [KEYS_FOLDER] : [])]
  for (const folder of folders) await target.makeFolder(folder)
  const written = new Set<string>()
  for await (const { path, text } of administration.mailExports.directory({
    to: root,
    withSecrets,
  })) {
    await target.write({ path: () => path, bytes: encoded(text) })
    written.add(path)
  }
  // Of an earlier run: what is gone here, and secrets that are not asked for any more.
  for (const path of [APP_PASSWORDS_FILE, SRS_FILE, ...(await suffixed(target))]) {
    if (!written.has(path)) await target.remove(path)
  }
}

const suffixes = { sieve: '.sieve', [KEYS_FOLDER]: '.private' }

async function suffixed(target: ExportTarget): Promise<readonly string[]> {
  const paths: string[] = []
  for (const [folder, suffix] of Object.entries(suffixes)) {
    for (const name of (await target.list(folder)).keys()) {
      if (name.endsWith(suffix)) paths.push(`${folder}/${name}`)
    }
  }
  return paths
}

async function* encoded(text: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const piece of text) yield Buffer.from(piece)
}

const HASH_CHARACTERS = 12
const NAME_BYTES_MAX = 255

/** As `import maildir` finds it by `mail/%d/%n`; a local part that can be no name of a file has another one. */
function mailPlace(address: string): { readonly place: string; readonly isNamed: boolean } {
  const at = address.lastIndexOf('@')
  const [local, domain] = [address.slice(0, at), address.slice(at + 1)]
  const isNamed = /^[^./\0][^/\0]*$/.test(local) && Buffer.byteLength(local) <= NAME_BYTES_MAX
  const hash = createHash('sha256').update(local).digest('hex').slice(0, HASH_CHARACTERS)
  return { place: `mail/${domain}/${isNamed ? local : `_${hash}`}`, isNamed }
}

async function writeMail(
  { context, root, pace, signal }: Given,
  target: ExportTarget,
  account: string,
): Promise<Done> {
  const { place, isNamed } = mailPlace(account)
  await target.makeFolder(place)
  const writing = await context.administration.mailExports.write({
    account,
    format: 'maildir',
    to: `${root}/${place}`,
    target: targetWithin(target, place),
    options: { signal },
  })
  if (writing.kind !== 'writing') throw refused(writing)
  for (;;) {
    const step = await writing.steps.next()
    if (!step.done) {
      pace.came(step.value)
      continue
    }
    const { folders, notes } = step.value
    return {
      account,
      place,
      messages: sumOf(folders, ({ messages }) => messages),
      bytes: sumOf(folders, ({ bytes }) => bytes),
      written: sumOf(folders, ({ written }) => written),
      differences: 0,
      notes: [
        ...(isNamed ? [] : [`bring it back by 'import maildir ${root}/${place} --account'`]),
        ...notes.map(({ about, reason }) => `${about}: ${reason}`),
        ...folders.flatMap(({ path, notes: own }) =>
          own.map(({ about, reason }) => `${path}${about && `: ${about}`}: ${reason}`),
        ),
      ],
    }
  }
}

async function compareMail(
  { context, pace }: Given,
  files: WrittenFiles,
  account: string,
): Promise<Done> {
  const { place } = mailPlace(account)
  const verifying = await context.administration.mailExports.verify({
    account,
    format: 'maildir',
    files: filesWithin(files, place),
  })
  if (verifying.kind !== 'verifying') throw refused(verifying)
  let bytes = 0
  for (;;) {
    const step = await verifying.steps.next().catch((error: unknown) => {
      if (error instanceof TargetFailure) return error
      throw error
    })
    // It came since, or its export is somebody else's.
    if (step instanceof TargetFailure) {
      const none = { messages: 0, bytes: 0, written: 0, differences: 1 }
      return { account, place, ...none, notes: [step.message] }
    }
    if (!step.done) {
      bytes += step.value.bytes
      pace.came(step.value)
      continue
    }
    const verdicts = step.value
    return {
      account,
      place,
      messages: verdicts.reduce((sum, { compared }) => sum + compared, 0),
      bytes,
      written: 0,
      differences: verdicts.reduce((sum, one) => sum + one.differencesCount + one.others, 0),
      notes: verdicts.flatMap(({ path, differences }) =>
        differences.map(({ uid, what }) => `${path}: uid ${uid}: ${what}`),
      ),
    }
  }
}

const NOTES_SHOWN_MAX = 30

function print(context: Context, root: string, mailboxes: readonly Done[]): void {
  context.output.print({ to: root, mailboxes }, (width) =>
    columns(
      ['ACCOUNT', 'MESSAGES', 'BYTES', 'WRITTEN', 'DIFFER', 'PLACE'],
      mailboxes.map(({ account, messages, bytes, written, differences, place }) => [
        account,
        String(messages),
        formatBytes(bytes),
        String(written),
        String(differences),
        place,
      ]),
      width,
    ),
  )
  const notes = mailboxes.flatMap(({ account, notes: own }) =>
    own.map((note) => `${account}: ${note}`),
  )
  for (const text of notes.slice(0, NOTES_SHOWN_MAX)) warn(context.process, text)
  if (notes.length > NOTES_SHOWN_MAX) {
    warn(context.process, `and ${notes.length - NOTES_SHOWN_MAX} more of these, which --json has`)
  }
}
