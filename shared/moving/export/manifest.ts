// What stands in an export, a JSON object in each line: by it a later run knows what it need not write again, and anybody can tell whether
// the files are as they were written.

import type { Message } from '#shared/contracts/mailbox.ts'
import type { WrittenFiles } from './target.ts'

/** Beside the messages of each folder. */
export const MANIFEST_FILE = 'postwolke-manifest.jsonl'

export type ManifestLine = {
  readonly uid: number
  /** The name without flags, or what stands for it in the format. */
  readonly name: string
  readonly bytes: number
  /** Of the bytes as mail programs are sent them. */
  readonly sha256: string
  readonly internalDate: string
  readonly flags: readonly string[]
}

export type Written = Pick<ManifestLine, 'name' | 'bytes' | 'sha256'>

export const manifestLine = ({ uid, internalDateMs, flags }: Message, written: Written) =>
  `${JSON.stringify({
    uid,
    ...written,
    internalDate: new Date(internalDateMs).toISOString(),
    flags,
  } satisfies ManifestLine)}\n`

/** A line of more is none of ours. */
const LINE_CHARACTERS_MAX = 64 * 1024

/** Lines by name; the last one of a name counts. Lines that are none, as one that a crash cut, are passed over. */
export async function readManifest(
  target: Pick<WrittenFiles, 'read'>,
  path: string,
): Promise<ReadonlyMap<string, ManifestLine>> {
  const lines = new Map<string, ManifestLine>()
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of (await target.read(path)) ?? []) {
    const [first = '', ...more] = decoder.decode(chunk, { stream: true }).split('\n')
    rest = rest.length > LINE_CHARACTERS_MAX ? rest : rest + first
    for (const next of more) {
      const line = parseLine(rest)
      if (line !== undefined) lines.set(line.name, line)
      rest = next
    }
  }
  return lines
}

function parseLine(text: string): ManifestLine | undefined {
  if (text.length > LINE_CHARACTERS_MAX) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  return isLine(value) ? value : undefined
}

const isLine = (value: unknown): value is ManifestLine =>
  typeof value === 'object' &&
  value !== null &&
  'uid' in value &&
  typeof value.uid === 'number' &&
  'name' in value &&
  typeof value.name === 'string' &&
  'bytes' in value &&
  typeof value.bytes === 'number' &&
  'sha256' in value &&
  typeof value.sha256 === 'string' &&
  'internalDate' in value &&
  typeof value.internalDate === 'string' &&
  'flags' in value &&
  Array.isArray(value.flags) &&
  value.flags.every((flag) => typeof flag === 'string')
