// What is in a mailbox and is no mail (calendars, contacts), kept as files in folders of the account: listed, each once, and never in place of what
// stands there. A file is called by what its source calls it and by a hash of its bytes, so that the next export brings only what is new.

import { createHash } from 'node:crypto'
import type { ExportTarget } from '../export/target.ts'
import type { SourceItem } from './source.ts'

export type KeptItem = {
  readonly kind: SourceItem['kind']
  /** Below the folder that was named. */
  readonly path: string
  readonly bytes: number
  /** 'differs': a file of its name is there and has other bytes, and stays. 'left': of these there was too much. */
  readonly outcome: 'kept' | 'already' | 'differs' | 'left'
}

export type KeptItems = {
  readonly items: readonly KeptItem[]
  readonly counts: { readonly [outcome in KeptItem['outcome']]: number }
}

/** Listed; all are counted. */
export const KEPT_LISTED_MAX = 10_000
/** Of one mailbox. WorkMail's largest has 50 GB, of which nearly all is mail; what is packed may unpack to a thousand times as much. */
export const KEPT_BYTES_MAX = 16 * 1024 ** 3

export async function keepItems(
  items: AsyncIterable<SourceItem>,
  target: Pick<ExportTarget, 'list' | 'makeFolder' | 'write'>,
  account: string,
  { dryRun, bytesMax = KEPT_BYTES_MAX }: { readonly dryRun: boolean; readonly bytesMax?: number },
): Promise<KeptItems> {
  const listed: KeptItem[] = []
  const counts = { kept: 0, already: 0, differs: 0, left: 0 }
  const folders = new Map<string, Map<string, { readonly name: string; readonly size: number }>>()
  let left = bytesMax
  for await (const item of items) {
    const folder = [account.toLowerCase(), ...item.folder].map(safeName).join('/')
    const there = folders.get(folder) ?? (await hashesIn(target, folder))
    folders.set(folder, there)
    const size = item.bytes.reduce((sum, { length }) => sum + length, 0)
    const hash = hashOf(item.bytes)
    const known = there.get(hash)
    const name = known?.name ?? `${label(item)}~${hash}.${extensionOf(item)}`
    const outcome =
      known !== undefined
        ? known.size === size
          ? 'already'
          : 'differs'
        : size > left
          ? 'left'
          : 'kept'
    if (outcome === 'kept') {
      left -= size
      there.set(hash, { name, size })
      if (!dryRun) {
        await target.makeFolder(folder)
        await target.write({ path: () => `${folder}/${name}`, bytes: item.bytes })
      }
    }
    counts[outcome]++
    if (listed.length < KEPT_LISTED_MAX) {
      listed.push({ kind: item.kind, path: `${folder}/${name}`, bytes: size, outcome })
    }
  }
  return { items: listed, counts }
}

const HASH_CHARACTERS = 24

function hashOf(bytes: readonly Uint8Array[]): string {
  const hash = createHash('sha256')
  for (const chunk of bytes) hash.update(chunk)
  return hash.digest('hex').slice(0, HASH_CHARACTERS)
}

async function hashesIn(target: Pick<ExportTarget, 'list'>, folder: string) {
  const there = new Map<string, { readonly name: string; readonly size: number }>()
  for (const [name, size] of await target.list(folder)) {
    const [, hash] = /~([0-9a-f]{24})\.\w+$/.exec(name) ?? []
    if (hash !== undefined) there.set(hash, { name, size })
  }
  return there
}

/** Names at the source are anybody's: of a file or folder they are one name, which leads nowhere and is none of ours. */
function safeName(name: string): string {
  const clean = name
    .normalize('NFC')
    .replace(/[\p{C}/\\:*?"<>|~]/gu, '_')
    .trim()
    .replace(/^[.-]/, '_')
  const cut = new TextDecoder().decode(Buffer.from(clean).subarray(0, NAME_BYTES_MAX))
  return cut.replace(/\uFFFD+$/, '') || '_'
}
const NAME_BYTES_MAX = 120

const label = ({ name }: SourceItem) => safeName(name.replace(/\.[^.]*$/, ''))

function extensionOf({ kind, name, bytes }: SourceItem): string {
  if (kind === 'contact') return 'vcf'
  // An entry of a calendar may stand in a message.
  const start = Buffer.from(bytes[0] ?? [])
    .subarray(0, START_BYTES)
    .toString('latin1')
  if (kind === 'calendar') return /^\W*BEGIN:VCALENDAR/i.test(start) ? 'ics' : 'eml'
  return /\.([0-9a-z]{1,8})$/i.exec(name)?.[1]?.toLowerCase() ?? 'bin'
}
const START_BYTES = 64
