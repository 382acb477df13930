// Where the mbox of each folder is: `Work`, and what is below it in `Work.sbd`, as Thunderbird has it.

import type { OwnFolder } from './own-mailbox.ts'
import type { Summary } from './summary.ts'

/** Of a name as that of a file, with room for what is put behind it. */
const NAME_BYTES_MAX = 200

/** `file`: from the root. */
export type MboxPlace = { readonly from: OwnFolder; readonly file: string }

/** None is written over another: some file systems take upper and lower case for one. */
export function mboxPlaces(folders: readonly OwnFolder[]): readonly MboxPlace[] {
  const taken = new Set<string>()
  return folders.map((from) => {
    const names = from.names.map(fileName)
    const folder = names.slice(0, -1).map((name) => `${name}.sbd/`)
    for (let n = 1; ; n++) {
      const file = `${folder.join('')}${names.at(-1)}${n === 1 ? '' : ` (${n})`}`
      const key = file.toLowerCase()
      if (taken.has(key)) continue
      taken.add(key)
      return { from, file }
    }
  })
}

/** What says that a file is another thing: a folder of mboxes, a list of some program. Our import takes `.mbox` away, and Thunderbird `.msf`. */
const OTHER_KIND = /\.(sbd|mbox|msf|dat|json|lock|html|sqlite)$/i

/** A name as that of a file; what it cannot have is `_`. */
function fileName(name: string): string {
  let short = name
    .replace(/^\./, '_')
    .replace(/[\0-\x1f\x7f/]/g, '_')
    .replace(OTHER_KIND, '_$1')
  while (Buffer.byteLength(short) > NAME_BYTES_MAX) short = short.slice(0, -1)
  return short
}

/** Beside the mbox: what stands in it. */
export function manifestOf(file: string): string {
  const name = file.lastIndexOf('/') + 1
  return `${file.slice(0, name)}.${file.slice(name)}.manifest.jsonl`
}

/** Files of earlier runs. Whoever can write there must not choose what is removed elsewhere. */
export const staleMboxes = (before: Summary | undefined, now: readonly MboxPlace[]) =>
  (before?.folders ?? [])
    .map(({ place }) => place)
    .filter(isPlace)
    .filter((place) => now.every(({ file }) => file !== place))

const isPlace = (place: string) =>
  place
    .split('/')
    .every(
      (name, i, { length }) => /^[^.]/.test(name) && (i + 1 === length || name.endsWith('.sbd')),
    )
